"""Every expression of the science and of the audiences, built over the tables of one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

import ibis
import polars as pl
import pyarrow as pa
from ibis.expr import types as ir

from shuke.lake import Snapshot
from shuke.science import (
    affinity,
    calendar,
    cohorts,
    funnels,
    lifecycle,
    lift,
    outcomes,
    persons,
    places,
    purchases,
    replenishment,
    rfm,
    rhythms,
    traits,
)
from shuke.science.attribution import rules, shapley, touches
from shuke.science.churn import features as churn
from shuke.science.churn import hazard
from shuke.science.lifetime import histories
from tests.spark.world import AS_OF, CURRENCY

Result = ir.Table | pl.DataFrame | pa.Table
Case = Callable[["World"], "Result | Iterable[Result]"]
CASES: dict[str, Case] = {}


def case(build: Case) -> Case:
    """List it; its name is the function's."""
    CASES[build.__name__] = build
    return build


class World:
    """The tables of a snapshot, and what several cases start from."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def __getattr__(self, name: str) -> ir.Table:
        return self.snapshot.table(name)

    @cached_property
    def bought(self) -> ir.Table:
        return purchases.purchases(
            orders=self.orders,
            refunds=self.refunds,
            identity_map=self.identity_map,
            currency=CURRENCY,
            until=AS_OF,
        )

    @cached_property
    def lines(self) -> ir.Table:
        return purchases.purchased_lines(
            purchases=self.bought,
            order_lines=self.order_lines,
            refunds=self.refunds,
            currency=CURRENCY,
            until=AS_OF,
        )

    @cached_property
    def goods(self) -> ir.Table:
        """Visits by good: the category of the supermarket's goods."""
        named = self.lines.join(self.products.select("product_id", "category"), "product_id")
        return named.filter(named.category.notnull()).select("member_id", "local_date", good="category")

    @cached_property
    def baskets(self) -> affinity.Baskets:
        named = self.order_lines.join(self.products.select("product_id", "category"), "product_id")
        named = named.filter(named.category.notnull())
        return affinity.coded(named.select(basket_id="order_id", item_id="category"), minimum_count=60)

    @cached_property
    def touches(self) -> ir.Table:
        """Orders as touches of a path for each member, which ends with a conversion for every second one."""
        numbered = self.bought.mutate(
            position=ibis.row_number().over(
                group_by="member_id", order_by=[self.bought.placed_at, self.bought.order_id]
            )
            + 1,
            conversions=(self.bought.member_id.length() % 2).cast("int64"),
        )
        numbered = numbered.filter(numbered.position <= 6)
        return numbered.select(
            "conversions",
            path_id="member_id",
            position=numbered.position.cast("int64"),
            channel="sales_channel",
            nulls=1 - numbered.conversions,
            value_minor=numbered.conversions * 100,
            hours_before_end=(6 - numbered.position).cast("float64"),
        )

    @cached_property
    def steps(self) -> ir.Table:
        owned = persons.with_member(self.events, self.identity_map)
        step = owned.name.cases(("view", 1), ("cart", 2), ("pay", 3))
        return owned.select("member_id", step=step.cast("int64"), at=owned.occurred_at).filter(
            lambda t: t.step.notnull()
        )

    @cached_property
    def exposed(self) -> ir.Table:
        facts = outcomes.OutcomeFacts(
            exposures=self.exposures,
            orders=self.orders,
            refunds=self.refunds,
            events=self.events,
            identity_map=self.identity_map,
        )
        return outcomes.member_outcomes(facts, until=datetime(2017, 12, 1, tzinfo=UTC), currency=CURRENCY)


@case
def stored_tables(world: World) -> Iterable[Result]:
    """What is read: every column of every table, with its gaps and empty lists."""
    return [world.snapshot.table(name) for name in WRITTEN]


WRITTEN = (
    "orders", "refunds", "products", "identity_map", "member_attributes", "events", "messages", "consents", "traits",
)  # fmt: skip


@case
def identity(world: World) -> Iterable[Result]:
    yield persons.current_identity(world.identity_map)
    yield persons.members(world.identity_map)
    yield persons.current_attributes(world.member_attributes, world.identity_map)
    yield persons.current_consents(world.consents)
    yield persons.current_consents(world.consents, brand="b")
    named = world.tier_memberships.select("member_id", "tier", "number")
    yield persons.speaking_members(named, world.identity_map)


@case
def counted_orders(world: World) -> Result:
    return world.bought


@case
def counted_lines(world: World) -> Result:
    return world.lines


@case
def member_traits(world: World) -> Result:
    facts = traits.TraitFacts(
        **{name: getattr(world, name) for name in traits.TraitFacts.__dataclass_fields__}
    )
    return traits.member_traits(facts, as_of=AS_OF, settings=traits.TraitSettings(currency=CURRENCY))


@case
def rfm_thresholds(world: World) -> Iterable[Result]:
    measures = rfm.rfm_measures(world.bought, as_of=AS_OF, window_days=365)
    scored = measures.join(rfm.rfm_scores(measures).drop("rfm_segment"), "member_id")
    return [rfm.rfm_thresholds(scored)]


@case
def lifecycle_stages(world: World) -> Iterable[Result]:
    return [
        lifecycle.lifecycle(world.bought, as_of=AS_OF),
        lifecycle.expected_cycle(lifecycle.purchase_cycles(world.bought)),
    ]


@case
def retention(world: World) -> Iterable[Result]:
    for grain in ("month", "week"):
        cells = cohorts.retention(world.bought, grain=grain, as_of=AS_OF)
        yield cells
        yield cohorts.retention_curve(cells, last_period=575 if grain == "month" else 2504)


@case
def funnel(world: World) -> Iterable[Result]:
    for order in ("ordered", "strict", "any"):
        reached = funnels.funnel_members(world.steps, count=3, window_seconds=86_400 * 40, order=order)
        yield reached
        yield funnels.funnel(reached.mutate(group=reached.member_id.length() % 2), count=3, by="group")


@case
def affinity_rules(world: World) -> Iterable[Result]:
    found = affinity.rules(world.baskets, minimum_count=60, minimum_confidence=Fraction(1, 3), largest=3)
    yield pl.DataFrame(
        {
            "left": [" + ".join(items) for items in found.left],
            "right": list(found.right),
            "together": found.together,
            "lift": found.lift,
        }
    )


@case
def affinity_pairs(world: World) -> Iterable[Result]:
    together = affinity.pairs(world.baskets, minimum_count=20)
    yield together
    by_member = affinity.coded(world.goods.select(basket_id="member_id", item_id="good"), minimum_count=5)
    yield affinity.substitutes(
        together, affinity.pairs(by_member, minimum_count=1), most_lift=1.1, least_z=-9
    )


@case
def due_dates(world: World) -> Result:
    return replenishment.due_dates(world.goods, as_of=AS_OF)


@case
def gaps(world: World) -> Result:
    return replenishment.gaps(world.goods)


@case
def day_hour_map(world: World) -> Result:
    return rhythms.day_hour_map(world.bought)


@case
def channel_mix(world: World) -> Result:
    return rhythms.channel_mix(world.bought)


@case
def ways(world: World) -> Result:
    return rhythms.ways(world.bought.select("member_id", at="placed_at", place="sales_channel"))


@case
def attribution(world: World) -> Iterable[Result]:
    yield touches.transitions(world.touches)
    yield touches.endings(world.touches)
    yield shapley.shapley_values(world.touches)
    for rule in rules.RULES:
        yield rules.attributed(world.touches, rule=rule)
    yield rules.attributed(world.touches.drop("hours_before_end"), rule="time_decay")
    chain = touches.chain(world.touches)
    yield pa.table({"channel": chain.channels, "converts": chain.converts[1:], "fails": chain.fails[1:]})


@case
def lifetime_histories(world: World) -> Result:
    return histories.purchase_histories(world.bought, as_of=AS_OF)


@case
def churn_features(world: World) -> Iterable[Result]:
    earlier = AS_OF - timedelta(days=90)
    yield churn.features(world.bought, as_of=earlier)
    yield churn.outcomes(world.bought, as_of=earlier, horizon_days=90)
    yield hazard.silence(world.bought, as_of=earlier, horizon_days=30)


@case
def business_days(world: World) -> Iterable[Result]:
    yield calendar.with_calendar(
        world.bought.select("order_id", "local_date"), world.calendar_days, country="US"
    )
    yield calendar.sales_by_kind_of_day(
        world.bought, world.calendar_days, country="CN", first=date(2017, 1, 1), last=AS_OF
    )


@case
def regions(world: World) -> Result:
    told = world.member_attributes
    told = told.filter(told.attribute == "city").select("person_key", "value", "observed_at")
    return places.with_region(told, world.regions, column="value")


@case
def experiment(world: World) -> Iterable[Result]:
    yield outcomes.exposed_members(world.exposures, world.identity_map)
    yield world.exposed
    # Small money: a variance of numbers beyond 2^53 has no digits left to agree on.
    small = world.exposed.mutate(revenue_minor=world.exposed.revenue_minor % 1000)
    metrics = [lift.Metric("orders", "orders", covariate="pre_orders"), lift.Metric("money", "revenue_minor")]
    yield _summaries(lift.summarise(small, metrics=metrics))


def _summaries(found: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "arm": arm,
                "members": summary.count(),
                "orders": summary.mean("orders"),
                "variance": summary.var("revenue_minor"),
                "covariance": summary.cov("orders", "pre_orders"),
            }
            for arm, summary in found.items()
        ]
    )
