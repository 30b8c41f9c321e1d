"""What is known of the competition in a slot: arms, differences, places, the bandit."""

from datetime import date, datetime
from typing import Any

from ninja import Schema


class OnlineEstimate(Schema):
    """A value with the bounds of its 95 % interval; empty where it cannot be known."""

    value: float | None
    low: float | None
    high: float | None


class OnlineArm(Schema):
    """An arm's lists and what became of them; money in minor units.

    ``units``: members, or devices where no member is known.  ``products``: different products that it showed;
    ``coverage``: as a part of the catalogue's active products.  ``fallbacks``: lists that another step answered.
    ``revenue`` is for each list; ``conversion``, ``click_rate`` and ``add_rate`` are parts of the lists.
    """

    arm: str
    strategy: str
    weight: int
    lists: int
    units: int
    viewed: int
    clicked: int
    added: int
    converted: int
    lines: int
    revenue_minor: int
    fallbacks: int
    products: int
    coverage: float | None
    revenue: OnlineEstimate
    conversion: OnlineEstimate
    click_rate: OnlineEstimate
    add_rate: OnlineEstimate


class OnlineDifference(Schema):
    """An arm less the first arm.  ``p_value`` is for one look at the end; ``always_p`` stays valid however often one
    looks; ``visible``: what a test of this size would find in four of five cases."""

    metric: str
    arm: str
    control: str
    difference: float | None
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    p_value: float | None
    always_p: float | None
    visible: float | None


class OnlineRatio(Schema):
    """Whether chance gave each arm the units it was promised."""

    expected: dict[str, float]
    p_value: float | None
    is_mismatch: bool


class OnlinePlace(Schema):
    """A place of an arm's lists."""

    arm: str
    place: int
    shown: int
    clicked: int
    bought: int


class OnlineDay(Schema):
    """A day of an arm."""

    day: date
    arm: str
    lists: int
    clicked: int
    converted: int
    revenue_minor: int


class OnlinePolicy(Schema):
    """Clicks for each list if ``strategy`` always answered, estimated from what the bandit of ``arm`` drew."""

    arm: str
    strategy: str
    ips: OnlineEstimate
    snips: OnlineEstimate


class OnlineSentence(Schema):
    """A sentence in English with ``{named}`` places, and what stands in them."""

    sentence: str
    values: dict[str, Any]


class BanditStrategy(Schema):
    """What a slot's bandit believes of a strategy: ``taken`` and ``left`` lists, faded; ``rate`` clicks for each list;
    ``chance`` to be drawn next."""

    strategy: str
    taken: float
    left: float
    rate: OnlineEstimate
    chance: float


class BanditDayView(Schema):
    """Missed clicks up to the end of a day beside the best strategy in hindsight: the bandit's, a uniform choice's;
    ``shares`` of the day's draws."""

    day: date
    bandit: float
    uniform: float
    shares: dict[str, float]


class BanditView(Schema):
    """A slot's bandit.  ``next_regret``: clicks that the next draw is expected to miss."""

    strategies: list[BanditStrategy]
    next_regret: float
    learned_until: datetime | None
    days: list[BanditDayView]


class TriedProduct(Schema):
    """A product that a slot tries out: ``taken`` and ``exposures`` of its lists, faded; ``rate``: on the first place,
    prior included; ``chance`` to be on the next list; ``is_new``: sold for less than four weeks."""

    product_id: str
    name: str
    taken: float
    exposures: float
    rate: OnlineEstimate
    chance: float
    is_new: bool


class MissedDay(Schema):
    """Takings missed up to the end of a day beside the best list in hindsight: the bandit's, those of products by
    lot."""

    day: date
    bandit: float
    uniform: float


class ProductBanditView(Schema):
    """A slot's bandit over products, everywhere together.  ``contexts``: stores or segments that it has learned apart;
    ``looked``: of each place, how much it is looked at beside the first; ``next_regret``: takings that the next list is
    expected to miss; ``new_share``: of lists on which a new product gets a place by lot."""

    products: list[TriedProduct]
    contexts: int
    taken: float
    lists: int
    looked: list[float]
    next_regret: float
    new_share: float
    learned_until: datetime | None
    days: list[MissedDay]


class OnlineReport(Schema):
    """The count of a slot's lists.  The first arm is the one that others are compared with.

    ``crossed`` units have lists in more than one arm.  ``effect``: the same experiment by all that its members bought
    (``measurement``'s report), empty without an experiment.
    """

    slot: str
    experiment_id: str
    since: date
    until: datetime
    currency: str
    click_hours: int
    purchase_days: int
    arms: list[OnlineArm]
    differences: list[OnlineDifference]
    sample_ratio: OnlineRatio | None
    crossed: int
    places: list[OnlinePlace]
    days: list[OnlineDay]
    policies: list[OnlinePolicy]
    effect: dict[str, Any] | None
    readings: list[OnlineSentence]


class OnlineView(Schema):
    """The newest count (empty before the first), the bandit over strategies and that over products (empty without)."""

    slot: str
    counted_at: datetime | None
    report: OnlineReport | None
    bandit: BanditView | None
    products: ProductBanditView | None = None
