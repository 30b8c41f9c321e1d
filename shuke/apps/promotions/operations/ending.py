"""How vouchers end without being used: time, cancellation, erasure.  And how used ones come back."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import (
    GONE,
    LIVE,
    MemberVoucherCount,
    Voucher,
    VoucherBatch,
    VoucherDefinition,
    VoucherReservation,
)
from shuke.apps.promotions.operations.counters import give_back
from shuke.apps.promotions.operations.making import Tell, batch_row
from shuke.apps.promotions.operations.purchases import KeyTaken, take_state, use_of_data
from shuke.apps.promotions.operations.steps import Step, loaded, write_steps
from shuke.apps.promotions.queries.codes import secret_of, voucher_ids
from shuke.apps.promotions.rules.codes import derived_codes
from shuke.apps.promotions.rules.keys import number_of_key
from shuke.apps.promotions.rules.terms import terms_of
from shuke.apps.promotions.rules.validity import renewed_through
from shuke.apps.promotions.schemas import ReturnedVoucher
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer

#: Vouchers per transaction.
BLOCK = 1_000


@transaction.atomic
def _end_block(rows: QuerySet[Voucher], *, state: str, at: datetime) -> int:
    """End up to a block of live vouchers; those that a purchase has locked are left for later."""
    skips = connection.features.has_select_for_update_skip_locked
    part = rows.filter(state__in=LIVE).order_by("pk").select_for_update(skip_locked=skips)
    pks = list(part.values_list("pk", flat=True)[:BLOCK])
    changed = Voucher.objects.filter(pk__in=pks, state__in=LIVE).update(state=state)
    if changed != len(pks):
        raise RuntimeError("Vouchers that were locked changed; nothing is kept of this block.")
    write_steps([Step(voucher, state) for voucher in loaded(pks)], at=at)
    return changed


def _end_all(
    rows: Callable[[], QuerySet[Voucher]], *, state: str, at: datetime, tell: Tell = lambda _d, _t: None
) -> int:
    ended = 0
    total = rows().filter(state__in=LIVE).count()
    while count := _end_block(rows(), state=state, at=at):
        ended += count
        tell(ended, max(total, ended))
    return ended


def expire_vouchers(*, at: datetime) -> int:
    """Write down that the time of vouchers is over; returns how many.  They were refused since that moment anyway."""
    return _end_all(lambda: Voucher.objects.filter(valid_through__lt=at), state="expired", at=at)


@transaction.atomic
def cancel_voucher(*, actor: Actor, at: datetime, voucher_id: str, reason: str) -> None:
    """Take one voucher back that was not used.  Refuses while a purchase holds it."""
    row = Voucher.objects.filter(public_id=voucher_id).first()
    if row is None:
        raise NotFound("voucher_not_found", _("There is no such voucher."))
    if not take_state(Voucher.objects.filter(pk=row.pk), before=LIVE, state="cancelled"):
        raise Refused(
            "voucher_not_cancellable",
            _("Only a voucher that was not used and is not held by a purchase can be cancelled."),
            {"state": row.state},
        )
    write_steps([Step(loaded([row.pk])[0], "cancelled")], at=at)
    changes = {"state": [row.state, "cancelled"], "reason": [None, reason[:300]]}
    record_audit(
        actor=actor, at=at, verb="voucher.cancelled", subject=("voucher", voucher_id), changes=changes
    )


@transaction.atomic
def begin_cancelling(*, actor: Actor, at: datetime, batch_id: str, reason: str) -> None:
    """Take a whole batch back; ``cancel_batch`` carries it out in the background.  Nothing more of it is made."""
    row = batch_row(batch_id)
    rows = VoucherBatch.objects.filter(pk=row.pk)
    if not take_state(rows, before=("making", "whole"), state="cancelling"):
        return
    record_audit(
        actor=actor,
        at=at,
        verb="voucher_batch.cancelled",
        subject=("voucher_batch", batch_id),
        changes={"state": [row.state, "cancelling"], "reason": [None, reason[:300]]},
    )


def cancel_batch(*, batch_id: str, at: datetime, tell: Tell = lambda _d, _t: None) -> int:
    """Cancel what is live in a batch that is being cancelled; returns how many.  Runs again until none is left.

    A voucher that a purchase holds right now stays usable for that purchase, and is cancelled when it comes free.
    """
    row = batch_row(batch_id)
    if row.state not in {"cancelling", "cancelled"}:
        return 0
    count = _end_all(lambda: Voucher.objects.filter(batch=row), state="cancelled", at=at, tell=tell)
    VoucherBatch.objects.filter(pk=row.pk, state="cancelling").update(state="cancelled")
    return count


@transaction.atomic
def return_vouchers(
    *, key: str, order_id: str, is_whole: bool, at: datetime, back_minor: Mapping[str, int] | None = None
) -> tuple[ReturnedVoucher, ...]:
    """The purchase came back; a wholly returned one may give its vouchers back, as their definitions say.

    ``key`` is the key of the reservation.  While lines are left (``is_whole`` false) the vouchers stay used, and of
    their budgets what they took off the goods that came back is free again: ``back_minor``, by definition, over all
    returns so far.  A wholly returned purchase frees all of that money, whatever becomes of the voucher; one that is
    given back is also a use less of every limit.  Asked again it answers the same.
    """
    row = VoucherReservation.objects.filter(key=key).first()
    if row is None:
        raise NotFound("reservation_not_found", _("No vouchers are held under this key."), {"key": key})
    pks = list(
        Voucher.objects.select_for_update()
        .filter(public_id__in=[data["voucher_id"] for data in row.uses])
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    row.refresh_from_db(fields=["taken", "order_id"])
    vouchers = loaded(pks)
    if row.order_id != order_id:
        raise KeyTaken("wrong_order", _("These vouchers were used for another order."), {"key": key})
    if not is_whole:
        _free_budget(row, back_minor or {})
        return tuple(ReturnedVoucher(voucher.public_id, "kept") for voucher in vouchers)
    rows = VoucherReservation.objects.filter(pk=row.pk)
    if not take_state(rows, before=("redeemed",), state="returned", ended_at=at):
        return tuple(_answer_again(voucher) for voucher in vouchers)
    answers = [_give_back_one(voucher, row, at=at) for voucher in vouchers]
    _return_takings(row, vouchers, answers)
    return tuple(answers)


def _answer_again(voucher: Voucher) -> ReturnedVoucher:
    new = voucher.following.order_by("pk").first()
    if new is not None:
        return ReturnedVoucher(voucher.public_id, "renewed", new.public_id)
    is_back = voucher.events.filter(event="returned").exists()
    return ReturnedVoucher(voucher.public_id, "given_back" if is_back else "kept")


def _give_back_one(voucher: Voucher, row: VoucherReservation, *, at: datetime) -> ReturnedVoucher:
    policy = terms_of(voucher.batch.version.terms).give_back
    is_over = voucher.valid_through is not None and voucher.valid_through < at
    if policy == "no" or voucher.batch.state in GONE or (is_over and policy != "renew"):
        return ReturnedVoucher(voucher.public_id, "kept")
    if is_over:
        return ReturnedVoucher(voucher.public_id, "renewed", _renew(voucher, row, at=at).public_id)
    values: dict[str, Any] = {"reservation": None, "off_minor": 0, "redeemed_at": None}
    state = "claimed" if voucher.member_id or voucher.claimed_at else "issued"
    if state == "issued" and voucher.batch.kind == "shared":
        # Nobody knows its own code; the shared one can be typed again.
        state = "cancelled"
    if state == "claimed" and voucher.claimed_at is None:
        values["claimed_at"] = at
    rows = Voucher.objects.filter(pk=voucher.pk, reservation=row)
    if not take_state(rows, before=("redeemed",), state=state, **values):
        return ReturnedVoucher(voucher.public_id, "kept")
    write_steps([Step(voucher, "returned", -voucher.off_minor)], at=at, key=row.key, order_id=row.order_id)
    return ReturnedVoucher(voucher.public_id, "given_back")


def _renew(voucher: Voucher, row: VoucherReservation, *, at: datetime) -> Voucher:
    number = number_of_key(f"renew:{voucher.public_id}:{row.key}")
    ends = renewed_through(
        valid_through=voucher.valid_through or at,
        redeemed_at=voucher.redeemed_at or at,
        at=at,
        time_zone=retailer().time_zone,
    )
    new = Voucher.objects.create(
        public_id=voucher_ids(derived_codes(secret_of(voucher.batch), [number]))[0],
        batch=voucher.batch,
        number=number,
        member=voucher.member,
        state="claimed" if voucher.member_id else "issued",
        valid_from=at,
        valid_through=ends,
        claimed_at=at if voucher.member_id else None,
        origin=voucher,
    )
    write_steps([Step(loaded([new.pk])[0], "issued")], at=at, key=row.key, order_id=row.order_id)
    return new


def _return_takings(row: VoucherReservation, vouchers: list[Voucher], answers: list[ReturnedVoucher]) -> None:
    """Give the money back, and the limits of the definitions whose vouchers came back."""
    back = {
        voucher.batch.version.definition_id
        for voucher, answer in zip(vouchers, answers, strict=True)
        if answer.outcome != "kept"
    }
    _free(
        row,
        [t if t["definition"] in back or t["what"] == "budget" else {**t, "amount": 0} for t in row.taken],
    )


def _free_budget(row: VoucherReservation, back_minor: Mapping[str, int]) -> None:
    """Keep of each budget what the vouchers took off the goods that stay."""
    names = dict(VoucherDefinition.objects.filter(public_id__in=back_minor).values_list("pk", "public_id"))
    off: Counter[str] = Counter()
    for data in row.uses:
        off[data["definition"]] += use_of_data(data).total_minor
    over: Counter[int] = Counter({pk: back_minor[name] - off[name] for pk, name in names.items()})
    for taking in row.taken:
        if taking["what"] == "budget" and taking["definition"] in over:
            over[taking["definition"]] += taking["amount"]
    freed = []
    for taking in row.taken:
        is_money = taking["what"] == "budget"
        part = min(max(over[taking["definition"]], 0), taking["amount"]) if is_money else 0
        over[taking["definition"]] -= part
        freed.append({**taking, "amount": part})
    _free(row, freed)


def _free(row: VoucherReservation, freed: list[Any]) -> None:
    """Give back so much of each taking; what is left of them stays with the reservation."""
    parts = [taking for taking in freed if taking["amount"]]
    if not parts:
        return
    give_back(parts)
    left = [
        {**taken, "amount": taken["amount"] - part["amount"]}
        for taken, part in zip(row.taken, freed, strict=True)
    ]
    row.taken = [taking for taking in left if taking["amount"]]
    row.save(update_fields=["taken"])


def forget_member(*, member_id: str, at: datetime) -> int:
    """Take a member out of all vouchers: live ones are cancelled, used ones keep their amounts; returns how many."""
    own = Voucher.objects.filter(member__public_id=member_id)
    pks = list(own.order_by("pk").select_for_update().values_list("pk", flat=True))
    live = loaded(own.filter(state__in=LIVE).values_list("pk", flat=True))
    Voucher.objects.filter(pk__in=[voucher.pk for voucher in live]).update(state="cancelled")
    write_steps([Step(voucher, "cancelled") for voucher in live], at=at)
    Voucher.objects.filter(pk__in=pks).update(member=None, gift_hash=None)
    VoucherReservation.objects.filter(member__public_id=member_id).update(member=None)
    MemberVoucherCount.objects.filter(member__public_id=member_id).delete()
    return len(pks)
