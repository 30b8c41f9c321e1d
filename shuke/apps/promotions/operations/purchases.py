"""What a purchase does with vouchers: hold, use, let go, give back.

Rows are locked in one order by everybody: the reservation that is being made, vouchers by id, reservations by id,
members' counts, shards of limits.  Every change of a state names the state before it, and its row count is checked.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.queries import family_of, member_refs
from shuke.apps.promotions.models import GONE, LIVE, Voucher, VoucherBatch, VoucherReservation
from shuke.apps.promotions.operations.counters import Taking, Wanted, exchange, give_back
from shuke.apps.promotions.operations.drawing import draw_voucher
from shuke.apps.promotions.operations.steps import Step, loaded, write_steps
from shuke.apps.promotions.queries.finding import purse_of
from shuke.apps.promotions.queries.prices import is_exchange_only
from shuke.apps.promotions.queries.quoting import REASON_WORDS
from shuke.apps.promotions.rules.keys import request_digest
from shuke.apps.promotions.rules.terms import Terms, terms_of
from shuke.apps.promotions.schemas import HeldVouchers, VoucherUse
from shuke.platform.errors import NotFound, Refused

#: How many timed-out reservations one look ends.
PART = 200
#: How many of them a purchase ends that needs what they hold.
FEW = 50
#: Why a voucher in that state cannot be held.
_TAKEN = {
    "reserved": "reserved_elsewhere",
    "redeemed": "already_used",
    "gifted": "wrong_member",
    "expired": "expired",
    "cancelled": "cancelled",
}


class ReservationEnded(Refused):
    """The hold was used, let go or has run out."""


class KeyTaken(Refused):
    """The key stands for another request."""


def refused(reason: str) -> Refused:
    """The refusal of a reason."""
    return Refused(f"voucher_{reason}", REASON_WORDS[reason], {"reason": reason})


def held_view(row: VoucherReservation, *, outcome: Any) -> HeldVouchers:
    """The public view of a reservation."""
    uses = tuple(use_of_data(data) for data in row.uses)
    return HeldVouchers(row.key, row.state, row.until, uses, outcome)  # type: ignore[arg-type]


def use_of_data(data: dict[str, Any]) -> VoucherUse:
    """The use as it was stored."""
    return VoucherUse(**{**data, "lines": {int(number): off for number, off in data["lines"].items()}})


def reserve_vouchers(
    *, key: str, uses: Sequence[VoucherUse], member_id: str, until: datetime, at: datetime
) -> HeldVouchers:
    """Hold the vouchers of a quote, with one use and their money of every limit, until a time.

    All or none.  Raises ``Refused`` with the code ``voucher_<reason>`` (such as ``voucher_already_used``,
    ``voucher_reserved_elsewhere``, ``voucher_limit_reached``, ``voucher_budget_used_up``); ``idempotency_conflict``
    for a key that was used for something else.  Without uses nothing is written.
    """
    if not uses:
        return HeldVouchers(key, "held", until, (), "created")
    data = [asdict(use) for use in uses]
    digest, others = _digests(data, member_id=member_id, until=until)
    before = VoucherReservation.objects.filter(key=key).first()
    if before is not None:
        return _replayed(before, (digest, others))
    member = member_refs([member_id]).get(member_id) if member_id else None
    if member_id and member is None:
        raise NotFound("member_not_found", _("There is no such member."), {"member_id": member_id})
    row = VoucherReservation(
        key=key,
        digest=digest,
        member_id=member.pk if member else None,
        uses=data,
        until=until,
        created_at=at,
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            # Somebody else was quicker with the key; the row is theirs, whole.
            return _replayed(VoucherReservation.objects.get(key=key), (digest, others))
        _hold(row, uses, member_id=member_id, at=at)
    return held_view(row, outcome="created")


def _digests(data: Sequence[dict[str, Any]], *, member_id: str, until: datetime) -> tuple[str, str]:
    """The digest of a request, without what its reader's language says, and that of before there were two names."""
    rest = {"member": member_id, "until": until.isoformat()}
    nameless = [{**use, "name": ""} for use in data]
    return request_digest({"uses": nameless, **rest}), request_digest({"uses": data, **rest})


def _replayed(row: VoucherReservation, digests: Sequence[str]) -> HeldVouchers:
    if row.digest not in digests:
        raise KeyTaken(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"key": row.key},
        )
    return held_view(row, outcome="replayed")


def _hold(row: VoucherReservation, uses: Sequence[VoucherUse], *, member_id: str, at: datetime) -> None:
    vouchers = _vouchers_of(row, uses, at=at)
    purse = purse_of(member_id)
    locked, freed = _lock([voucher.pk for voucher in vouchers.values()], at=at)
    for use in uses:
        _change_to_reserved(locked[vouchers[use.voucher_id].pk], row, use, purse=purse, at=at)
    for use in uses:
        # The row tells which voucher stands for a shared code.
        use_data = next(item for item in row.uses if item["voucher_id"] == use.voucher_id)
        use_data["voucher_id"] = vouchers[use.voucher_id].public_id
    used = [(locked[vouchers[use.voucher_id].pk], use) for use in uses]
    wanted = _wanted(row, used, member_id=member_id)
    takings = exchange(freed=freed, wanted=wanted, seed=row.key)
    row.taken = [dict(taking) for taking in takings]
    row.save(update_fields=["taken", "uses"])
    steps = [Step(locked[vouchers[u.voucher_id].pk], "reserved", u.total_minor) for u in uses]
    write_steps(steps, at=at, key=row.key, holder=member_id)


def _vouchers_of(row: VoucherReservation, uses: Sequence[VoucherUse], *, at: datetime) -> dict[str, Voucher]:
    """The voucher of each use; a shared code gets a voucher of its own."""
    ids = [use.voucher_id for use in uses]
    found = {voucher.public_id: voucher for voucher in Voucher.objects.filter(public_id__in=ids)}
    shared = VoucherBatch.objects.select_related("version__definition").filter(
        public_id__in=[voucher_id for voucher_id in ids if voucher_id not in found], kind="shared"
    )
    for batch in shared:
        if batch.state in GONE:
            raise refused("cancelled")
        if is_exchange_only(batch):
            raise refused("exchange_only")
        found[batch.public_id], _is_new = draw_voucher(
            batch, key=f"use:{row.key}", member_id=None, state="issued", at=at
        )
    missing = [voucher_id for voucher_id in ids if voucher_id not in found]
    if missing or len(found) != len(ids):
        raise NotFound("voucher_not_found", _("There is no such voucher."), {"voucher_ids": missing})
    return found


def _lock(pks: Sequence[int], *, at: datetime) -> tuple[dict[int, Voucher], list[Taking]]:
    """The vouchers, locked by id together with those of holds that have timed out, which are ended; what that frees.

    Those may stand in the way: they hold the same voucher, or a part of the same limit.
    """
    over = VoucherReservation.objects.filter(state="held", until__lt=at)
    holds = {*over.order_by("until").values_list("pk", flat=True)[:FEW]}
    if holds:
        holds |= {*over.filter(vouchers__in=pks).values_list("pk", flat=True)}
    also = Voucher.objects.filter(reservation__in=holds).values_list("pk", flat=True) if holds else []
    wanted = sorted({*pks, *also})
    list(Voucher.objects.select_for_update().filter(pk__in=wanted).order_by("pk").values_list("pk"))
    freed = [taking for pk in sorted(holds) for taking in _let_go(pk, at=at) or ()]
    return {voucher.pk: voucher for voucher in loaded(pks)}, freed


def _change_to_reserved(
    voucher: Voucher, row: VoucherReservation, use: VoucherUse, *, purse: Sequence[int], at: datetime
) -> None:
    """The one update that decides who has it."""
    if voucher.valid_through is not None and voucher.valid_through < at:
        raise refused("expired")
    rows = Voucher.objects.filter(Q(member=None) | Q(member__in=purse), pk=voucher.pk)
    if not take_state(rows, before=LIVE, state="reserved", reservation=row, off_minor=use.total_minor):
        state = Voucher.objects.values_list("state", flat=True).get(pk=voucher.pk)
        raise refused(_TAKEN.get(state, "wrong_member"))


def take_state(rows: Any, *, before: Sequence[str], **values: Any) -> bool:
    """Change rows that are in one of the states ``before``; whether exactly one was."""
    return bool(rows.filter(state__in=before).update(**values) == 1)


def _wanted(
    row: VoucherReservation, used: Sequence[tuple[Voucher, VoucherUse]], *, member_id: str
) -> list[Wanted]:
    """One use and the money of every limit."""
    wanted: list[Wanted] = []
    for voucher, use in used:
        definition, limits = voucher.batch.version.definition_id, _terms(voucher).limits
        if limits.uses_per_member is not None:
            if row.member_id is None:
                raise refused("wrong_member")
            most, family = limits.uses_per_member, family_of(member_id).pks
            wanted.append(Wanted(definition, "uses", member=row.member_id, limit=most, family=family))
        if limits.budget_minor is not None:
            wanted.append(Wanted(definition, "budget", use.total_minor))
        if limits.uses is not None:
            wanted.append(Wanted(definition, "uses"))
    return wanted


def _terms(voucher: Voucher) -> Terms:
    return terms_of(voucher.batch.version.terms)


def _locked_vouchers(row: VoucherReservation) -> list[Voucher]:
    pks = Voucher.objects.select_for_update().filter(reservation=row).order_by("pk")
    return loaded(pks.values_list("pk", flat=True))


def _reservation(key: str) -> VoucherReservation:
    row = VoucherReservation.objects.filter(key=key).first()
    if row is None:
        raise NotFound("reservation_not_found", _("No vouchers are held under this key."), {"key": key})
    return row


def _ended(row: VoucherReservation) -> ReservationEnded:
    return ReservationEnded(
        "reservation_ended",
        _("The vouchers are no longer held: used, let go or run out. Reserve again."),
        {"key": row.key, "state": row.state, "until": row.until.isoformat()},
    )


@transaction.atomic
def redeem_vouchers(*, key: str, order_id: str, at: datetime) -> HeldVouchers:
    """Use what is held under the key.  Raises ``Refused`` (``reservation_ended``) if it is released or run out.

    Raises ``NotFound`` for a key that holds nothing, ``idempotency_conflict`` if it was used for another order.
    """
    row = _reservation(key)
    vouchers = _locked_vouchers(row)
    row.refresh_from_db()
    if row.state in {"redeemed", "returned"}:
        return _same_order(row, order_id)
    rows = VoucherReservation.objects.filter(pk=row.pk, until__gte=at)
    if not take_state(rows, before=("held",), state="redeemed", order_id=order_id, ended_at=at):
        raise _ended(row)
    for voucher in vouchers:
        # A voucher of nobody belongs to who used it from now on.
        member = voucher.member_id or row.member_id
        own = Voucher.objects.filter(pk=voucher.pk, reservation=row)
        if not take_state(own, before=("reserved",), state="redeemed", redeemed_at=at, member=member):
            raise refused(_TAKEN[Voucher.objects.values_list("state", flat=True).get(pk=voucher.pk)])
    holder = row.member.public_id if row.member else ""
    steps = [Step(voucher, "redeemed", voucher.off_minor) for voucher in vouchers]
    write_steps(steps, at=at, key=key, order_id=order_id, holder=holder)
    row.refresh_from_db()
    return held_view(row, outcome="created")


def _same_order(row: VoucherReservation, order_id: str) -> HeldVouchers:
    if row.order_id != order_id:
        raise KeyTaken(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"order_id": row.order_id},
        )
    return held_view(row, outcome="replayed")


@transaction.atomic
def release_vouchers(*, key: str, at: datetime) -> HeldVouchers:
    """Let go of what is held under the key.  Refuses after the redemption (``reservation_ended``)."""
    row = _reservation(key)
    _locked_vouchers(row)
    row.refresh_from_db()
    if row.state == "released":
        return held_view(row, outcome="replayed")
    if not _end_hold(row.pk, at=at):
        raise _ended(row)
    row.refresh_from_db()
    return held_view(row, outcome="created")


def _end_hold(pk: int, *, at: datetime) -> bool:
    """Release a reservation, as of its end if that has passed; its vouchers must be locked.  Whether it was held."""
    freed = _let_go(pk, at=at)
    if freed is not None:
        give_back(freed)
    return freed is not None


def _let_go(pk: int, *, at: datetime) -> list[Taking] | None:
    """The same without its part of the limits, which is the answer; ``None`` if it was not held."""
    rows = VoucherReservation.objects.filter(pk=pk)
    if not take_state(rows, before=("held",), state="released", ended_at=at):
        return None
    row = rows.get()
    vouchers = loaded(Voucher.objects.filter(reservation=row, state="reserved").values_list("pk", flat=True))
    for voucher in vouchers:
        free = "claimed" if voucher.claimed_at else "issued"
        if voucher.batch.state in GONE or (voucher.batch.kind == "shared" and not voucher.claimed_at):
            # Its batch was taken back meanwhile, or it was drawn for this purchase and the word can be typed again.
            free = "cancelled"
        mine = Voucher.objects.filter(pk=voucher.pk, reservation=row)
        take_state(mine, before=("reserved",), state=free, reservation=None, off_minor=0)
    write_steps([Step(v, "released") for v in vouchers], at=min(at, row.until), key=row.key)
    return list(row.taken)


def end_timed_out_vouchers(*, at: datetime) -> int:
    """Release every reservation whose time has run out; returns how many.  Not inside a transaction."""
    ended = 0
    while True:
        rows = VoucherReservation.objects.filter(state="held", until__lt=at).order_by("until", "pk")
        keys = list(rows.values_list("pk", flat=True)[:PART])
        for pk in keys:
            with transaction.atomic():
                _locked_vouchers(VoucherReservation(pk=pk))
                ended += _end_hold(pk, at=at)
        if len(keys) < PART:
            return ended
