"""Whether a member may take a voucher that is open to claims now, and if not, why."""

from dataclasses import dataclass
from datetime import date

from shuke.apps.promotions.rules.terms import Terms

#: In the order in which they are asked: the first that is true is what the member is told.
WHY = ("over", "not_yet", "other_tier", "taken", "held", "sold_out")


@dataclass(frozen=True)
class Standing:
    """What is taken of an offer, by everybody and by the member who asks.

    ``claimed`` counts what the limit of claims counts; ``live`` the member's vouchers of the kind that can still be
    used.  ``budget_minor`` is in minor units.
    """

    claims: int = 0
    uses: int = 0
    budget_minor: int = 0
    claimed: int = 0
    live: int = 0


def why_not(terms: Terms, standing: Standing, *, tier: str, today: date) -> str:
    """A code of ``WHY``, or nothing where the voucher may be taken.

    Where no number of claims is set for a member, one is given at a time: a button that never ends would hand out the
    whole budget to the first who finds it.  What is paid for with points needs no such brake.
    """
    limits, asked, price = terms.limits, terms.conditions, terms.price
    first, last = (price.first_day, price.last_day) if price else (None, None)
    most = limits.claims_per_member
    found = {
        "over": any(day is not None and today > day for day in (asked.last_day, last)),
        "not_yet": first is not None and today < first,
        "other_tier": bool(asked.tiers) and tier not in asked.tiers,
        "taken": most is not None and standing.claimed >= most,
        "held": price is None and most is None and standing.live > 0,
        "sold_out": left_of(terms, standing) == 0 or left_minor_of(terms, standing) == 0,
    }
    return next((code for code in WHY if found[code]), "")


def left_of(terms: Terms, standing: Standing) -> int | None:
    """How many are left for everybody; ``None`` without a limit.  One that nobody could use any more is not left."""
    pairs = ((terms.limits.claims, standing.claims), (terms.limits.uses, standing.uses))
    return min((max(most - taken, 0) for most, taken in pairs if most is not None), default=None)


def left_minor_of(terms: Terms, standing: Standing) -> int | None:
    """What is left of the budget in minor units; ``None`` without one."""
    budget = terms.limits.budget_minor
    return None if budget is None else max(budget - standing.budget_minor, 0)
