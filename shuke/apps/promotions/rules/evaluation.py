"""Working out what vouchers take off a basket, and which of them go together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product as combinations
from zoneinfo import ZoneInfo

from shuke.apps.promotions.rules.baskets import Basket, BasketLine, VoucherUse
from shuke.apps.promotions.rules.spreading import spread
from shuke.apps.promotions.rules.terms import STACK_CLASSES, Terms

#: The order in which a voucher is asked why it does not apply; the first that holds is named.
REASONS = (
    "unknown_code",
    "check_sign_wrong",
    "exchange_only",
    "not_yet_valid",
    "expired",
    "cancelled",
    "already_used",
    "reserved_elsewhere",
    "wrong_member",
    "minimum_not_reached",
    "wrong_products",
    "wrong_store",
    "wrong_channel",
    "wrong_tier",
    "limit_reached",
    "budget_used_up",
    "not_combinable",
)
#: More vouchers than this in one basket are refused: every combination is tried.
MOST_VOUCHERS = 12


@dataclass(frozen=True)
class Reason:
    """Why a voucher does not apply: one of ``REASONS`` and facts about it."""

    code: str
    details: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A voucher that was found, with what is known of it before the basket is looked at.

    ``left_minor`` is what the budget still has, ``None`` without one; ``is_used_up`` says that a limit is reached.
    """

    voucher_id: str
    definition: str
    version: int
    name: str
    terms: Terms
    valid_from: datetime | None = None
    valid_through: datetime | None = None
    left_minor: int | None = None
    is_used_up: bool = False


def qualifying(terms: Terms, lines: Sequence[BasketLine]) -> list[BasketLine]:
    """The lines that a voucher counts and makes cheaper."""
    asked = terms.conditions
    return [
        line
        for line in lines
        if line.allows_discount
        and line.product_id not in asked.excluded_products
        and (not asked.products or line.product_id in asked.products)
        and (not asked.departments or line.department in asked.departments)
        and (not asked.categories or line.category in asked.categories)
        and (not asked.brands or line.brand in asked.brands)
    ]


def time_reason(candidate: Candidate, *, at: datetime, time_zone: str) -> Reason | None:
    """Whether it is too early or too late: the voucher's own life, then the days and weekdays of its terms."""
    asked = candidate.terms.conditions
    local = at.astimezone(ZoneInfo(time_zone)).date()
    if candidate.valid_from and at < candidate.valid_from:
        return Reason("not_yet_valid", {"from": candidate.valid_from.isoformat()})
    if asked.first_day and local < asked.first_day:
        return Reason("not_yet_valid", {"from": asked.first_day.isoformat()})
    if candidate.valid_through and at > candidate.valid_through:
        return Reason("expired", {"through": candidate.valid_through.isoformat()})
    if asked.last_day and local > asked.last_day:
        return Reason("expired", {"through": asked.last_day.isoformat()})
    if asked.weekdays and local.isoweekday() not in asked.weekdays:
        return Reason("not_yet_valid", {"weekday": local.isoweekday()})
    return None


def basket_reason(
    candidate: Candidate, *, basket: Basket, left: Mapping[int, int], tier: str
) -> Reason | None:
    """Whether the basket, the place or the tier does not fit, or nothing is left of a limit."""
    terms, asked = candidate.terms, candidate.terms.conditions
    lines = qualifying(terms, basket.lines)
    worth = sum(max(left.get(line.line_no, 0), 0) for line in lines)
    if lines and worth < asked.minimum_minor:
        return Reason(
            "minimum_not_reached",
            {
                "minimum_minor": asked.minimum_minor,
                "reached_minor": worth,
                "missing_minor": asked.minimum_minor - worth,
            },
        )
    if not lines or (worth == 0 and terms.kind in {"amount", "percent"}):
        return Reason("wrong_products")
    holds = {
        "wrong_store": bool(asked.stores) and basket.store_id not in asked.stores,
        "wrong_channel": bool(asked.channels) and basket.sales_channel not in asked.channels,
        "wrong_tier": bool(asked.tiers) and tier not in asked.tiers,
        "limit_reached": candidate.is_used_up,
        "budget_used_up": candidate.left_minor == 0,
    }
    return next((Reason(code) for code, is_so in holds.items() if is_so), None)


def use_of(candidate: Candidate, *, basket: Basket, left: Mapping[int, int], shipping: int) -> VoucherUse:
    """What the voucher takes off what is left; never more."""
    terms = candidate.terms
    lines = qualifying(terms, basket.lines)
    worth = {line.line_no: max(left.get(line.line_no, 0), 0) for line in lines}
    off: dict[int, int] = {}
    shipping_off = 0
    if terms.kind == "amount":
        off = spread(terms.amount_minor, over=worth)
    elif terms.kind == "percent":
        off = _percent(terms, worth)
    elif terms.kind == "shipping":
        shipping_off = min(shipping, terms.amount_minor or shipping)
    else:
        off = _gift(terms, basket, left)
    return VoucherUse(
        voucher_id=candidate.voucher_id,
        definition=candidate.definition,
        kind=terms.kind,
        off_minor=sum(off.values()),
        lines=off,
        shipping_off_minor=shipping_off,
        gift_product_id=terms.gift_product_id if terms.kind == "gift" else "",
        version=candidate.version,
        name=candidate.name,
        on_return=terms.on_return,
    )


def _percent(terms: Terms, worth: Mapping[int, int]) -> dict[int, int]:
    """The percentage of all qualifying lines together, half up, cut to the cap, spread by largest remainder."""
    share = terms.share * sum(worth.values())
    whole = (2 * share.numerator + share.denominator) // (2 * share.denominator)
    return spread(whole if terms.cap_minor is None else min(whole, terms.cap_minor), over=worth)


def _gift(terms: Terms, basket: Basket, left: Mapping[int, int]) -> dict[int, int]:
    """One piece of the gift's line is free, if the basket has one: the piece's share, rounded up to a whole unit."""
    for line in sorted(basket.lines, key=lambda line: line.line_no):
        if line.product_id == terms.gift_product_id and line.quantity > 0 and line.allows_discount:
            price = -(-max(left.get(line.line_no, 0), 0) // line.quantity)
            return {line.line_no: price} if price else {}
    return {}


@dataclass(frozen=True)
class _Tried:
    uses: tuple[VoucherUse, ...]
    reasons: Mapping[str, Reason]

    @property
    def total(self) -> int:
        return sum(use.total_minor for use in self.uses)


def best_combination(
    candidates: Sequence[Candidate], *, basket: Basket, left: Mapping[int, int], tier: str
) -> tuple[tuple[VoucherUse, ...], dict[str, Reason]]:
    """The uses of the combination that takes most, in their order; and why the others do not apply, by voucher id.

    At most one voucher of each class; one of class ``alone`` goes with no other.  Each works on what those before it
    left.  At a tie more vouchers of the customer are spared, then those that end sooner are used.
    """
    alone = {c.voucher_id: basket_reason(c, basket=basket, left=left, tier=tier) for c in candidates}
    # Fixed order, so that the answer does not depend on the order in which codes were typed.
    fitting = sorted((c for c in candidates if alone[c.voucher_id] is None), key=_ends_sooner)
    best = max(
        (_try(chosen, basket=basket, left=left, tier=tier) for chosen in _choices(fitting)),
        key=lambda tried: (tried.total, _gifts(tried), -len(tried.uses)),
        default=_Tried((), {}),
    )
    used = {use.voucher_id for use in best.uses}
    reasons = {
        c.voucher_id: alone[c.voucher_id] or best.reasons.get(c.voucher_id) or Reason("not_combinable")
        for c in candidates
        if c.voucher_id not in used
    }
    return best.uses, reasons


def _ends_sooner(candidate: Candidate) -> tuple[bool, float, str]:
    ends = candidate.valid_through
    return ends is None, ends.timestamp() if ends else 0.0, candidate.voucher_id


def _gifts(tried: _Tried) -> int:
    return sum(use.kind == "gift" for use in tried.uses)


def _choices(candidates: Sequence[Candidate]) -> list[tuple[Candidate, ...]]:
    """Every combination of at most one of each class, the sooner ending ones first; and each lonely one."""
    options = [[*(c for c in candidates if c.terms.stack_class == name), None] for name in STACK_CLASSES[:-1]]
    together = [tuple(c for c in chosen if c) for chosen in combinations(*options)]
    return together + [(c,) for c in candidates if c.terms.stack_class == "alone"]


def _try(chosen: Sequence[Candidate], *, basket: Basket, left: Mapping[int, int], tier: str) -> _Tried:
    remaining, shipping = dict(left), basket.shipping_minor
    uses: list[VoucherUse] = []
    reasons: dict[str, Reason] = {}
    for candidate in chosen:
        reason = basket_reason(candidate, basket=basket, left=remaining, tier=tier)
        use = use_of(candidate, basket=basket, left=remaining, shipping=shipping)
        if reason is None and not use.total_minor and use.kind != "gift":
            reason = Reason("wrong_products")
        if reason is None and candidate.left_minor is not None and use.total_minor > candidate.left_minor:
            reason = Reason("budget_used_up")
        if reason is not None:
            reasons[candidate.voucher_id] = reason
            continue
        for number, off in use.lines.items():
            remaining[number] -= off
        shipping -= use.shipping_off_minor
        uses.append(use)
    return _Tried(tuple(uses), reasons)
