"""Setting benefits aside, using them, letting them go and giving them back.

docs/algorithms/benefits.md has the rules.  Everything may be called inside the caller's transaction.  Locks are
taken in this order: holds by id, then counters by id.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import BenefitCounter, BenefitHold, BenefitMove, BenefitUse
from shuke.apps.loyalty.queries.benefits import Holder, held_now, holder, reservation_view
from shuke.apps.loyalty.rules.benefits import Held
from shuke.apps.loyalty.rules.chain import request_hash
from shuke.apps.loyalty.schemas import BenefitReservation
from shuke.platform.errors import Invalid, NotFound, Refused

#: How long a use that is recorded at once is held between its two steps.
AT_ONCE = timedelta(minutes=1)


class BenefitUsedUp(Refused):
    """The limit of the period is reached."""


@transaction.atomic
def reserve_benefits(
    *,
    key: str,
    member_id: str,
    uses: Mapping[str, int],
    until: datetime,
    at: datetime,
    actor: str = "",
    note: str = "",
) -> BenefitReservation:
    """Set uses aside, all or none, until committed, released or ``until`` has passed.

    ``uses`` is benefit code → how many.  The same key with the same request gives the old answer; its
    ``until`` is not part of the request.  Raises ``Refused``: ``benefit_not_held``, ``benefit_used_up`` (details:
    benefit, left, asked), ``idempotency_conflict``; ``Invalid`` for no uses or an end in the past.
    """
    if not uses or min(uses.values()) < 1:
        raise Invalid("invalid_uses", _("Say which benefits, and how often each."), {"uses": dict(uses)})
    if until <= at:
        raise Invalid("hold_too_short", _("A hold must end in the future."))
    who = holder(member_id, at=at)
    digest = request_hash({"member": who.member_id, "uses": dict(sorted(uses.items()))})
    hold = _claim(key, digest=digest, member_pk=who.pk, until=until, at=at, actor=actor, note=note)
    if hold is None:
        return _earlier(key, digest)
    overdue = _locked_overdue(who.all_pks, at=at)
    _lock_counters(who, uses, at=at)
    for pk, ended_at in overdue:
        _end(pk, state="expired", kind="expire", at=ended_at)
    _take(hold, who, uses, at=at)
    return reservation_view(hold, is_new=True)


@transaction.atomic
def commit_benefits(*, key: str, at: datetime) -> BenefitReservation:
    """Turn what was set aside under ``key`` into uses, once.  Refuses ``reservation_ended``."""
    hold = _hold(key)
    if not BenefitHold.objects.filter(pk=hold.pk, state="held", until__gt=at).update(
        state="used", ended_at=at
    ):
        return _ended_before(hold, wanted="used")
    _record("commit", hold.uses.all(), key=key, at=at)
    return _after(hold, is_new=True)


@transaction.atomic
def release_benefits(*, key: str, at: datetime) -> BenefitReservation:
    """Let what was set aside under ``key`` go, once; what has run out or was let go is left alone.

    Refuses ``reservation_ended`` if it was used.
    """
    hold = _hold(key)
    state, kind, ended = (
        ("expired", "expire", hold.until) if hold.until <= at else ("released", "release", at)
    )
    if not _end(hold.pk, state=state, kind=kind, at=ended):
        return _ended_before(hold, wanted="released")
    return _after(hold, is_new=True)


@transaction.atomic
def return_rest(*, key: str, at: datetime) -> None:
    """Give back what is still used of a hold: what a person gave back by hand meanwhile is left out."""
    hold = BenefitHold.objects.select_for_update().get(pk=_hold(key).pk)
    left = {row.benefit: row.quantity - row.returned for row in hold.uses.all()}
    uses = {code: count for code, count in left.items() if count > 0}
    if uses and hold.state == "used":
        return_benefits(key=key, uses=uses, at=at)


@transaction.atomic
def return_benefits(
    *, key: str, uses: Mapping[str, int], at: datetime, return_key: str = ""
) -> BenefitReservation:
    """Give uses that were committed under ``key`` back to the periods they came from.

    ``return_key`` makes it happen once; empty for the only return of a hold.  Refuses ``more_than_used`` and
    ``idempotency_conflict``.
    """
    asked_by = return_key or f"{key}:return"
    # The row lock lets returns of one hold go one after the other.
    hold = BenefitHold.objects.select_for_update().get(pk=_hold(key).pk)
    earlier = BenefitMove.objects.filter(use__hold=hold, kind="return", key=asked_by)
    done = dict(earlier.values_list("use__benefit", "quantity"))
    if done and done != dict(uses):
        raise _conflict(key)
    if done:
        return _after(hold, is_new=False)
    if hold.state != "used" or not uses or min(uses.values()) < 1:
        raise _more_than_used(uses, {})
    rows = {row.benefit: row for row in hold.uses.order_by("benefit")}
    for code, count in sorted(uses.items()):
        fits = hold.uses.filter(benefit=code, returned__lte=F("quantity") - count)
        if not fits.update(returned=F("returned") + count):
            left = {item.benefit: item.quantity - item.returned for item in rows.values()}
            raise _more_than_used(uses, left)
    _give_back((rows[code].counter_id, count) for code, count in uses.items())
    BenefitMove.objects.bulk_create(
        BenefitMove(use=rows[code], kind="return", quantity=count, key=asked_by, at=at)
        for code, count in sorted(uses.items())
    )
    return _after(hold, is_new=True)


@transaction.atomic
def use_benefit(
    *, key: str, member_id: str, code: str, at: datetime, actor: str, quantity: int = 1, note: str = ""
) -> BenefitReservation:
    """Record a use at once, such as a trial that somebody at the counter gave."""
    found = reserve_benefits(
        key=key,
        member_id=member_id,
        uses={code: quantity},
        until=at + AT_ONCE,
        at=at,
        actor=actor,
        note=note[:200],
    )
    if found.outcome == "created":
        done = commit_benefits(key=key, at=at)
        return done.model_copy(update={"outcome": "created"})
    return found


def end_overdue_holds(*, at: datetime, limit: int = 10_000) -> int:
    """End what has run out, each hold in a transaction of its own; returns how many.  Reads never wait for it."""
    overdue = BenefitHold.objects.filter(state="held", until__lte=at).order_by("pk")
    done = 0
    for pk, until in list(overdue.values_list("pk", "until")[:limit]):
        with transaction.atomic():
            done += _end(pk, state="expired", kind="expire", at=until)
    return done


# --- the steps ---


def _claim(
    key: str, *, digest: str, member_pk: int, until: datetime, at: datetime, actor: str, note: str
) -> BenefitHold | None:
    """The hold of this key, if it is the first; ``None`` if the key is taken."""
    hold = BenefitHold(
        key=key,
        request_hash=digest,
        member_id=member_pk,
        until=until,
        created_at=at,
        actor=actor[:120],
        note=note,
    )
    # Waits for another transaction with this key, and inserts nothing if that one is through.
    BenefitHold.objects.bulk_create([hold], ignore_conflicts=True)
    return BenefitHold.objects.filter(public_id=hold.public_id).first()


def _earlier(key: str, digest: str) -> BenefitReservation:
    hold = _hold(key)
    if hold.request_hash != digest:
        raise _conflict(key)
    return _after(hold, is_new=False)


def _take(hold: BenefitHold, who: Holder, uses: Mapping[str, int], *, at: datetime) -> None:
    """Count the uses against their limits, in the order of their codes, and write them down."""
    held = {item.benefit.code: item for item in held_now(who, at=at)[2]}
    rows = []
    for code, count in sorted(uses.items()):
        item = held.get(code)
        if item is None:
            raise Refused(
                "benefit_not_held", _("The member does not have this benefit now."), {"benefit": code}
            )
        counter = _count(item, who, count) if item.cell.count is not None else None
        rows.append(
            BenefitUse(hold=hold, benefit=code, source=item.column, counter_id=counter, quantity=count)
        )
    BenefitUse.objects.bulk_create(rows)
    _record("reserve", rows, key=hold.key, at=at)


def _count(item: Held, who: Holder, count: int) -> int:
    """Take uses of a limited benefit; the counter's key.  Raises ``BenefitUsedUp``."""
    about = {"benefit": item.benefit.code, "period_start": who.period_of(item.benefit)}
    rows = BenefitCounter.objects.filter(member=who.pk, **about)
    pk = rows.values_list("pk", flat=True).first()
    if pk is None:
        BenefitCounter.objects.bulk_create([BenefitCounter(member_id=who.pk, **about)], ignore_conflicts=True)
        pk = rows.values_list("pk", flat=True).get()
    others = BenefitCounter.objects.filter(member__in=who.all_pks, **about).exclude(pk=pk)
    limit = (item.cell.count or 0) - sum(others.values_list("used", flat=True))
    if not BenefitCounter.objects.filter(within(count, limit), pk=pk).update(used=F("used") + count):
        raise BenefitUsedUp(
            "benefit_used_up",
            _("This benefit is used up for the period."),
            {"benefit": item.benefit.code, "left": item.left, "asked": count},
        )
    return pk


def within(count: int, limit: int) -> Q:
    """Counters that ``count`` more uses leave within the limit: the guard of every limit."""
    return Q(used__lte=limit - count)


def _lock_counters(who: Holder, uses: Mapping[str, int], *, at: datetime) -> None:
    """Lock what will be changed in the order of ids, so that two tills never wait for each other.

    It is the guard in ``within`` that keeps the limits; on SQLite the transaction is the only writer anyway.
    """
    overdue = BenefitUse.objects.filter(
        hold__member__in=who.all_pks, hold__state="held", hold__until__lte=at, counter__isnull=False
    )
    codes = {*uses, *overdue.values_list("benefit", flat=True)}
    rows = BenefitCounter.objects.filter(member__in=who.all_pks, benefit__in=codes)
    list(rows.select_for_update().order_by("pk").values_list("pk"))


def _locked_overdue(member_pks: Iterable[int], *, at: datetime) -> list[tuple[int, datetime]]:
    """Holds of the members that have run out, locked by id before any counter is: (key, end)."""
    overdue = BenefitHold.objects.filter(member__in=member_pks, state="held", until__lte=at)
    return list(overdue.select_for_update().order_by("pk").values_list("pk", "until"))


def _end(pk: int, *, state: str, kind: str, at: datetime) -> int:
    """End a hold that still holds and give its uses back; 1 if it was this call that ended it."""
    if not BenefitHold.objects.filter(pk=pk, state="held").update(state=state, ended_at=at):
        return 0
    uses = list(BenefitUse.objects.filter(hold=pk).select_related("hold"))
    _give_back((use.counter_id, use.quantity) for use in uses)
    _record(kind, uses, key=uses[0].hold.key if uses else "", at=at)
    return 1


def _give_back(counts: Iterable[tuple[int | None, int]]) -> None:
    for pk, count in sorted((pk, count) for pk, count in counts if pk is not None):
        BenefitCounter.objects.filter(pk=pk).update(used=F("used") - count)


def _record(kind: str, uses: Iterable[BenefitUse], *, key: str, at: datetime) -> None:
    BenefitMove.objects.bulk_create(
        BenefitMove(use=use, kind=kind, quantity=use.quantity, key=key, at=at) for use in uses
    )


def _hold(key: str) -> BenefitHold:
    hold = BenefitHold.objects.filter(key=key).first()
    if hold is None:
        raise NotFound("reservation_not_found", _("Nothing was set aside under this key."), {"key": key})
    return hold


def _after(hold: BenefitHold, *, is_new: bool) -> BenefitReservation:
    hold.refresh_from_db()
    return reservation_view(hold, is_new=is_new)


def _ended_before(hold: BenefitHold, *, wanted: str) -> BenefitReservation:
    hold.refresh_from_db()
    is_same = hold.state == wanted or (wanted == "released" and hold.state == "expired")
    if not is_same:
        raise Refused(
            "reservation_ended",
            _("What was set aside was used, released or has run out; reserve again."),
            {"key": hold.key, "state": hold.state},
        )
    return reservation_view(hold, is_new=False)


def _conflict(key: str) -> Refused:
    return Refused(
        "idempotency_conflict",
        _("This key was used for another request; use a new key for a new request."),
        {"key": key},
    )


def _more_than_used(uses: Mapping[str, int], left: Mapping[str, int]) -> Refused:
    return Refused(
        "more_than_used",
        _("That is more than was used and not given back yet."),
        {"asked": dict(uses), "left": dict(left)},
    )
