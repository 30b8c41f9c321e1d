"""What a definition promises, as data: what it takes off, when, where, for whom, how often."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from shuke.apps.promotions.rules.baskets import Kind

KINDS: tuple[Kind, ...] = ("amount", "percent", "gift", "shipping")
StackClass = Literal["lines", "percent", "basket", "shipping", "gift", "alone"]
#: In the order in which they are worked out; one voucher of each counts.  ``alone`` goes with no other.
STACK_CLASSES: tuple[StackClass, ...] = ("lines", "percent", "basket", "shipping", "gift", "alone")
GiveBack = Literal["no", "if_valid", "renew"]
#: A list of conditions is no place for a catalogue.
MOST_VALUES = 500
MOST_MONEY = 10**13
MOST_POINTS = 10**9
MOST_BACK_DAYS = 365


@dataclass(frozen=True)
class Conditions:
    """When a voucher may be used.  Empty lists ask nothing; days are those of the retailer's time zone.

    Products, categories, brands and departments choose the lines that count and that are made cheaper;
    ``minimum_minor`` is asked of those lines.  ``weekdays`` are 1 (Monday) to 7.
    """

    minimum_minor: int = 0
    products: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    excluded_products: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Limits:
    """How often.  ``None`` is without limit, and then nothing is counted.  ``budget_minor`` is in minor units."""

    uses: int | None = None
    uses_per_member: int | None = None
    claims: int | None = None
    claims_per_member: int | None = None
    budget_minor: int | None = None


@dataclass(frozen=True)
class Gifting:
    """Whether a holder may pass the voucher on, how many times in a row, and to whom.

    ``new_within_days``: only to those who joined at most so many days ago (``None``: to anybody).
    """

    is_allowed: bool = False
    times: int = 1
    new_within_days: int | None = None


@dataclass(frozen=True)
class Price:
    """What a voucher costs in points of one type, and from when through when it is sold for them.

    ``back_days``: through the end of how many days after the day of the exchange the member may take it back while
    the voucher is unused (0 is that day); ``None`` is never.
    """

    points_type: str
    points: int
    first_day: date | None = None
    last_day: date | None = None
    back_days: int | None = None


@dataclass(frozen=True)
class Terms:
    """One published version of a definition; never changes.

    ``amount``: ``amount_minor`` off.  ``percent``: ``percent_hundredths`` (1500 is 15 %) of each line, at most
    ``cap_minor`` in all.  ``gift``: one ``gift_product_id``.  ``shipping``: the shipping, at most ``amount_minor`` if
    that is not 0.  ``days_after_claim``: usable through the end of that day after it came into somebody's hands.
    With a ``price`` nobody claims it for nothing: ``is_claimable`` says that members may exchange points themselves.
    """

    kind: Kind
    amount_minor: int = 0
    percent_hundredths: int = 0
    cap_minor: int | None = None
    gift_product_id: str = ""
    stack_class: StackClass = "basket"
    days_after_claim: int | None = None
    is_claimable: bool = False
    on_return: Literal["keep", "recompute"] = "keep"
    give_back: GiveBack = "if_valid"
    conditions: Conditions = field(default_factory=Conditions)
    limits: Limits = field(default_factory=Limits)
    gifting: Gifting = field(default_factory=Gifting)
    price: Price | None = None

    @property
    def share(self) -> Fraction:
        """The percentage as a ratio."""
        return Fraction(self.percent_hundredths, 10_000)


class FaultyTerms(ValueError):
    """Terms that promise nothing, or too much: field → code."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {code}" for name, code in faults.items()))
        self.faults = dict(faults)


def usual_class(kind: Kind, conditions: Conditions) -> StackClass:
    """The class of a kind where nobody chose one."""
    if kind == "amount":
        chosen = (conditions.products, conditions.departments, conditions.categories, conditions.brands)
        return "lines" if any(chosen) else "basket"
    return kind


def as_data(terms: Terms) -> dict[str, Any]:
    """The terms as JSON can hold them; ``terms_of`` reads them."""
    data = asdict(terms)
    for part in filter(None, (data["conditions"], data["price"])):
        for name in ("first_day", "last_day"):
            part[name] = part[name].isoformat() if part[name] else None
    for name, value in data["conditions"].items():
        if isinstance(value, tuple):
            data["conditions"][name] = list(value)
    return data


def terms_of(data: Mapping[str, Any]) -> Terms:
    """The terms of ``as_data`` (or of an API's body), checked.  Raises ``FaultyTerms``."""
    known = {f.name for f in fields(Terms)}
    strangers = set(data) - known
    if strangers:
        raise FaultyTerms(dict.fromkeys(sorted(strangers), "unknown"))
    try:
        conditions = _conditions(data.get("conditions") or {})
        parts = {
            "conditions": conditions,
            "limits": Limits(**(data.get("limits") or {})),
            "gifting": Gifting(**(data.get("gifting") or {})),
            "price": _price(data.get("price")),
        }
        rest = {name: value for name, value in data.items() if name not in parts}
        rest.setdefault("stack_class", usual_class(rest.get("kind", "amount"), conditions))
        terms = Terms(**rest, **parts)  # type: ignore[arg-type]
        faults = faults_of(terms)
    except (TypeError, ValueError, KeyError) as error:
        raise FaultyTerms({"terms": "unreadable"}) from error
    if faults:
        raise FaultyTerms(faults)
    return terms


def _price(data: Mapping[str, Any] | None) -> Price | None:
    return Price(**_with_days(data)) if data else None


def _with_days(data: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(data)
    for name in ("first_day", "last_day"):
        day = values.get(name)
        values[name] = date.fromisoformat(day) if isinstance(day, str) and day else (day or None)
    return values


def _conditions(data: Mapping[str, Any]) -> Conditions:
    values = _with_days(data)
    for found in fields(Conditions):
        if found.type == "tuple[int, ...]" or str(found.type).startswith("tuple"):
            values[found.name] = tuple(dict.fromkeys(values.get(found.name) or ()))
    return Conditions(**values)


def faults_of(terms: Terms) -> dict[str, str]:
    """What is wrong with terms: field → code; empty if nothing."""
    faults = {**_worth_faults(terms), **_condition_faults(terms.conditions), **_limit_faults(terms)}
    # What the price needs of the limits can be asked of sound limits only.
    return faults or _price_faults(terms)


def _worth_faults(terms: Terms) -> dict[str, str]:
    faults = {}
    if terms.kind not in KINDS:
        faults["kind"] = "unknown"
    if terms.stack_class not in STACK_CLASSES:
        faults["stack_class"] = "unknown"
    if terms.on_return not in {"keep", "recompute"} or terms.give_back not in {"no", "if_valid", "renew"}:
        faults["on_return"] = "unknown"
    if not _is_money(terms.amount_minor) or (terms.kind == "amount" and terms.amount_minor == 0):
        faults["amount_minor"] = "out_of_range"
    if terms.kind == "percent" and not 0 < terms.percent_hundredths <= 10_000:
        faults["percent_hundredths"] = "out_of_range"
    if terms.cap_minor is not None and (not _is_money(terms.cap_minor) or terms.cap_minor == 0):
        faults["cap_minor"] = "out_of_range"
    if terms.kind == "gift" and not terms.gift_product_id:
        faults["gift_product_id"] = "missing"
    return faults


def _condition_faults(conditions: Conditions) -> dict[str, str]:
    faults = {}
    if not _is_money(conditions.minimum_minor):
        faults["minimum_minor"] = "out_of_range"
    first, last = conditions.first_day, conditions.last_day
    if first and last and last < first:
        faults["last_day"] = "before_first_day"
    if not set(conditions.weekdays) <= set(range(1, 8)):
        faults["weekdays"] = "out_of_range"
    for name in (
        "products",
        "departments",
        "categories",
        "brands",
        "excluded_products",
        "stores",
        "channels",
    ):
        values = getattr(conditions, name)
        if len(values) > MOST_VALUES or any(
            not isinstance(value, str) or len(value) > 200 for value in values
        ):
            faults[name] = "out_of_range"
    return faults


def _limit_faults(terms: Terms) -> dict[str, str]:
    faults = {}
    for name, value in asdict(terms.limits).items():
        if value is not None and not (isinstance(value, int) and 0 < value <= MOST_MONEY):
            faults[name] = "out_of_range"
    days, last_day = terms.days_after_claim, terms.conditions.last_day
    if days is not None and not 0 <= days <= 3_660:
        faults["days_after_claim"] = "out_of_range"
    if days is None and last_day is None and terms.limits.uses is None and terms.limits.budget_minor is None:
        # Money that nobody limits and that never ends is a mistake, not a promise.
        faults["last_day"] = "endless"
    if not 1 <= terms.gifting.times <= 100:
        faults["times"] = "out_of_range"
    within = terms.gifting.new_within_days
    if within is not None and not 0 <= within <= 3_660:
        faults["new_within_days"] = "out_of_range"
    return faults


def _price_faults(terms: Terms) -> dict[str, str]:
    price, faults = terms.price, {}
    if price is None:
        return {}
    if not isinstance(price.points_type, str) or not 0 < len(price.points_type) <= 20:
        faults["price_points_type"] = "missing"
    if not _is_count(price.points) or not 0 < price.points <= MOST_POINTS:
        faults["price_points"] = "missing" if price.points is None else "out_of_range"
    if price.first_day and price.last_day and price.last_day < price.first_day:
        faults["price_last_day"] = "before_first_day"
    if price.back_days is not None and not (_is_count(price.back_days) and price.back_days <= MOST_BACK_DAYS):
        faults["price_back_days"] = "out_of_range"
    return {**faults, **_backing_faults(terms)}


def _backing_faults(terms: Terms) -> dict[str, str]:
    """Limits under which a voucher that was paid for could be refused at the till: claims must keep within them."""
    limits, most = terms.limits, most_off(terms)
    claims, own = limits.claims, limits.claims_per_member
    faults = {}
    if limits.uses_per_member is not None and (own is None or own > limits.uses_per_member):
        faults["claims_per_member"] = "unbacked"
    if limits.uses is not None and (claims is None or claims > limits.uses):
        faults["claims"] = "unbacked"
    if limits.budget_minor is not None and (
        claims is None or most is None or claims * most > limits.budget_minor
    ):
        faults["budget_minor"] = "unbacked"
    return faults


def most_off(terms: Terms) -> int | None:
    """The most that one voucher takes off, in minor units; ``None`` where nobody can say."""
    if terms.kind == "percent":
        return terms.cap_minor
    return terms.amount_minor or None if terms.kind in {"amount", "shipping"} else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_money(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_MONEY
