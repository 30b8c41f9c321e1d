"""What is left of limits and budgets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from shuke.apps.promotions.models import MemberVoucherCount, VoucherCounter, VoucherReservation
from shuke.apps.promotions.rules.terms import Limits

#: Reservations whose time has run out are counted back up to this many; the rest is freed within a minute.
MOST_TIMED_OUT = 500


@dataclass(frozen=True)
class Used:
    """How much of the limits of a definition is taken: uses, claims, money, and what one member took."""

    uses: int = 0
    claims: int = 0
    budget: int = 0
    member_uses: int = 0
    member_claims: int = 0

    def is_used_up(self, limits: Limits) -> bool:
        """Whether no further use is allowed, money aside."""
        return (limits.uses is not None and self.uses >= limits.uses) or (
            limits.uses_per_member is not None and self.member_uses >= limits.uses_per_member
        )

    def left_minor(self, limits: Limits) -> int | None:
        """What the budget still has, ``None`` without one."""
        return None if limits.budget_minor is None else max(limits.budget_minor - self.budget, 0)


def used_of(definition_id: int, *, member_ids: Iterable[int] = (), at: datetime | None = None) -> Used:
    """What is taken of a definition's limits.  With ``at``, holds that have timed out by then do not count."""
    rows = VoucherCounter.objects.filter(definition=definition_id).values_list("what")
    sums = dict(rows.annotate(total=Sum("used")).order_by())
    own: dict[str, int] = {}
    keys = list(member_ids)
    if keys:
        counts = MemberVoucherCount.objects.filter(definition=definition_id, member__in=keys)
        own = dict(counts.values_list("what").annotate(total=Sum("count")).order_by())
    if at is not None and (sums or own):
        for what, amount, member in timed_out_takings(definition_id, at=at):
            if member is None:
                sums[what] = sums.get(what, 0) - amount
            elif member in keys:
                own[what] = own.get(what, 0) - amount
    return Used(
        uses=sums.get("uses", 0),
        claims=sums.get("claims", 0),
        budget=sums.get("budget", 0),
        member_uses=own.get("uses", 0),
        member_claims=own.get("claims", 0),
    )


def timed_out_takings(definition_id: int, *, at: datetime) -> list[tuple[str, int, int | None]]:
    """What reservations that have timed out still hold of a definition: (limit, amount, member's key or none)."""
    rows = VoucherReservation.objects.filter(state="held", until__lt=at).order_by("until")
    return [
        (taking["what"], taking["amount"], taking.get("member"))
        for taken in rows.values_list("taken", flat=True)[:MOST_TIMED_OUT]
        for taking in taken
        if taking["definition"] == definition_id
    ]
