"""Every expression of the science and of the audiences, built over the tables of one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

import ibis
import polars as pl
import pyarrow as pa
from ibis.expr import types as ir
from scipy import sparse

from shuke.apps.audiences.rules import TABLE_NAMES, AudienceFacts, compile_conditions, parsed
from shuke.lake import Snapshot
from shuke.science import affinities as grouped
from shuke.science import (
    affinity,
    affinity_seasons,
    calendar,
    cohorts,
    event_funnels,
    funnels,
    layer_rules,
    layers,
    lifecycle,
    lift,
    outcomes,
    persons,
    places,
    purchases,
    replenishment,
    replenishment_judging,
    rfm,
    rhythms,
    traits,
)
from shuke.science import market_segments as market
from shuke.science.attribution import rules, shapley, touches
from shuke.science.attribution.comparison import compared
from shuke.science.attribution.journeys import journeys
from shuke.science.churn import features as churn
from shuke.science.churn import hazard, risks
from shuke.science.event_funnels import EventStep, PropertyFilter
from shuke.science.event_properties import property_text
from shuke.science.forecast import judging, series
from shuke.science.forecast.levels import levelled
from shuke.science.lifetime import histories, holdout
from shuke.science.measures import member_measures
from shuke.science.recommendations import bandit_counts, online
from shuke.science.recommendations.partitions import coding, joins, pairs
from shuke.science.recommendations.partitions.items import NearestTastes
from shuke.science.rfm_scheme import RfmScheme
from tests.spark.world import AS_OF, CURRENCY

Result = ir.Table | pl.DataFrame | pa.Table
Case = Callable[["World"], "Result | Iterable[Result]"]
CASES: dict[str, Case] = {}


def case(build: Case) -> Case:
    """List it; its name is the function's."""
    CASES[build.__name__] = build
    return build


class World:
    """The tables of a snapshot, and what several cases start from.

    That is kept once it is computed, and compared by cases of its own: what builds on it need not plan it again.
    """

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
        ).cache()

    @cached_property
    def lines(self) -> ir.Table:
        return purchases.purchased_lines(
            purchases=self.bought,
            order_lines=self.order_lines,
            refunds=self.refunds,
            currency=CURRENCY,
            until=AS_OF,
        ).cache()

    @cached_property
    def goods(self) -> ir.Table:
        """Visits by good: the category of the supermarket's goods."""
        named = self.lines.join(self.products.select("product_id", "category"), "product_id")
        return (
            named.filter(named.category.notnull()).select("member_id", "local_date", good="category").cache()
        )

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
        ).cache()

    @cached_property
    def steps(self) -> ir.Table:
        owned = persons.with_member(self.events, self.identity_map)
        step = owned.name.cases(("view", 1), ("cart", 2), ("pay", 3))
        told = owned.select("member_id", step=step.cast("int64"), at=owned.occurred_at)
        return told.filter(told.step.notnull()).cache()

    @cached_property
    def exposed(self) -> ir.Table:
        facts = outcomes.OutcomeFacts(
            exposures=self.exposures,
            orders=self.orders,
            refunds=self.refunds,
            events=self.events,
            identity_map=self.identity_map,
        )
        until = datetime(2017, 12, 1, tzinfo=UTC)
        return outcomes.member_outcomes(facts, until=until, currency=CURRENCY).cache()

    @cached_property
    def everybody(self) -> ir.Table:
        return persons.members(self.identity_map).cache()

    @cached_property
    def told(self) -> ir.Table:
        """What members told, the newest of each attribute."""
        return persons.current_attributes(self.member_attributes, self.identity_map).cache()


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
    yield world.everybody
    yield world.told
    yield from (world.goods, world.touches, world.steps)
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
def steps_of_events(world: World) -> Iterable[Result]:
    events = world.events.mutate(member_id="person_key")
    orders = world.bought.select("member_id", "placed_at")
    filters = (
        ("Product Clicked", PropertyFilter("product_id", "is", "good a")),
        ("Product Clicked", PropertyFilter("product_id", "is_not", "other")),
        ("Product Clicked", PropertyFilter("product_id", "contains", "GOOD")),
        ("view", PropertyFilter("rating", "at_least", "3.5")),
    )
    narrowed = (EventStep("event", name, only) for name, only in filters)
    steps = (EventStep("event", "view"), *narrowed, EventStep("order"))
    taken = event_funnels.funnel_steps(events, orders, steps)
    yield taken
    window, end = 86_400 * 40, int(datetime(2017, 12, 31, tzinfo=UTC).timestamp())
    for order in ("ordered", "any"):
        yield event_funnels.funnel_parts(taken, count=6, window_seconds=window, end_seconds=end, order=order)


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
def attribution_of_messages(world: World) -> Iterable[Result]:
    reached = persons.with_member(world.messages, world.identity_map)
    reached = reached.select("member_id", "channel", at="occurred_at")
    bought = world.bought.select("member_id", at="placed_at", value_minor=world.bought.net_minor % 10_000)
    paths = journeys(reached, bought, window_days=30, until=datetime(2018, 1, 1, tzinfo=UTC)).cache()
    yield paths
    found = compared(paths)
    yield pl.DataFrame(
        [
            {"method": m, "channel": c, "part": part}
            for m, row in found.conversions.items()
            for c, part in row.items()
        ]
    )


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


def _last_day(world: World) -> ir.Table:
    return world.traits.filter(world.traits.as_of == ibis.literal(AS_OF))


@case
def fixed_layers(world: World) -> Iterable[Result]:
    return layer_rules.fixed_layers(_last_day(world)).values()


@case
def traits_of_layers(world: World) -> Result:
    lines = world.lines
    days = lines.group_by("member_id", "local_date").agg(
        lines=lines.count(), discounted=lines.is_discounted.cast("int64").sum()
    )
    own = RfmScheme("thresholds", (7, 14, 30, 60), (2, 4, 6, 8), (1_000, 5_000, 10_000, 20_000))
    return layer_rules.traits_of_layers(
        world.bought, days, as_of=AS_OF, window_days=90, habit_days=180, scheme=own
    )


@case
def layer_movements(world: World) -> Iterable[Result]:
    kept, money = world.member_layers, world.bought.select("member_id", money_minor="net_minor")
    money = money.group_by("member_id").agg(money_minor=money.money_minor.sum())
    after = layers.layers_on(kept, scheme="value", as_of=AS_OF).cache()
    before = layers.layers_on(kept, scheme="value", as_of=AS_OF, days_before=7).cache()
    yield from (after, before)
    yield layers.flows(before, after, money=money)
    yield layers.crossed(after, layer_rules.lifecycle(_last_day(world)), money=money)
    yield layers.sizes(kept, scheme="value", since=date(2017, 12, 1), as_of=AS_OF)
    yield layers.moved(
        kept, scheme="value", as_of=AS_OF, days=1, from_layers=("high", ""), to_layers=("high", "低", "High")
    )


@case
def measures(world: World) -> Result:
    return member_measures(world.bought, world.lines, world.products, as_of=AS_OF, window_days=90)


@case
def market_segments(world: World) -> Iterable[Result]:
    everybody, current = world.everybody, world.told
    dimensions = (
        market.by_attribute(everybody, current, attribute="gender"),
        market.by_region(everybody, current, world.regions, attribute="city"),
        market.by_age(everybody, current, as_of=AS_OF),
        market.by_trait(everybody, _last_day(world), trait="favourite_hour"),
        market.by_store_region(everybody, _last_day(world), world.stores),
        market.by_answer(everybody, world.events, world.identity_map, question="why"),
    )
    yield from dimensions
    yield pa.table({"question": market.questions(world.events, most=5)})
    yield market.largest(dimensions[0], most=3)


@case
def market_figures(world: World) -> Iterable[Result]:
    window = market.Window(AS_OF)
    rated = market.ratings(world.events, world.member_attributes, world.identity_map, window=window)
    spent = market.spending(
        world.messages, world.costs, world.bought, world.identity_map, window=window, currency=CURRENCY
    )
    yield from (rated, spent)
    segments = market.by_trait(world.everybody, _last_day(world), trait="lifecycle_stage").cache()
    # Small money: a sum of squares of numbers beyond 2^53 has no digits left to agree on.
    small = world.bought.mutate(net_minor=world.bought.net_minor % 10_000)
    yield market.segment_figures(segments, small, window=window, rated=rated, spent=spent)
    yield market.segment_figures(segments, small, window=window)
    yield market.segment_history(segments, small, window=window)


@case
def demand(world: World) -> Iterable[Result]:
    sold = series.sold_lines(
        orders=world.orders,
        order_lines=world.order_lines,
        products=world.products,
        currency=CURRENCY,
        as_of=AS_OF,
    )
    sold = sold.cache()
    yield sold
    yield series.sales_series(sold, keys=("department", "sales_channel"), as_of=AS_OF)
    found = levelled(sold, as_of=AS_OF, first=date(2017, 1, 2))
    yield pl.DataFrame({"item": [item.code for item in found.items], "sold": found.panel.values.sum(axis=1)})


@case
def judged_forecasts(world: World) -> Iterable[Result]:
    # What was sold, as far as the forecasts ask: the join and the arithmetic are judged here.
    came = world.forecasts.select("item", "period_start", actual=world.forecasts.naive.round()).distinct()
    came = came.group_by("item", "period_start").agg(actual=came.actual.max())
    yield judging.with_actual(world.forecasts, came)
    yield judging.judged_forecasts(world.forecasts, came)


@case
def lifetime_holdout(world: World) -> Iterable[Result]:
    split = AS_OF - timedelta(days=90)
    yield holdout.holdout_orders(world.bought, split=split, until=AS_OF)
    yield holdout.daily_purchases(world.bought, split=split, until=AS_OF)


@case
def churn_horizon(world: World) -> Result:
    horizon = risks.horizon_for(world.bought, first_day=date(2017, 1, 1), as_of=AS_OF)
    drawn = risks.drawn_members(world.bought, most=7, seed=3)
    return pa.table({"days": [str(horizon), *drawn.to_polars()["member_id"]]})


@case
def affinities(world: World) -> Iterable[Result]:
    named = world.lines.join(world.products.select("product_id", "category"), "product_id")
    named = named.filter(named.category.notnull())
    # A basket is a member's day.
    lines = named.select(
        "member_id",
        "local_date",
        basket_id=named.member_id + named.local_date.cast("string"),
        item_id=named.category,
    )
    lines = lines.distinct().cache()
    rule = grouped.AffinityRule(least_count=40, level=1.0, least_lift=1.0, most_lift=1.0)
    yield grouped.affinities(lines, rule=rule)
    rows = affinity_seasons.seasonal_lifts(lines, [("SOFT DRINKS", "BAG SNACKS"), ("c", "C"), ("", "c")])
    yield pl.DataFrame(rows)


@case
def due_quality(world: World) -> Result:
    found = replenishment_judging.due_quality(world.goods, split=date(2017, 9, 30), last_day=AS_OF)
    assert found is not None
    return pl.DataFrame([asdict(found)])


@case
def written_paths(world: World) -> Result:
    paths = touches.paths_table([("email > shop > email", 2, 1, 300), ("shop", 0, 3, 0)])
    return touches.transitions(paths)


@case
def recommendations(world: World) -> Iterable[Result]:
    named = world.order_lines.join(world.products.select("product_id", "category"), "product_id")
    named = named.filter(named.category.notnull()).select(
        "order_id", "store_id", "quantity", item="category", amount="paid_minor"
    )
    owned = world.bought.select("order_id", "placed_at", member="member_id")
    lines = named.join(owned, "order_id").rename(basket="order_id", store="store_id")
    coded = coding.coded_lines(lines, time_zone="Asia/Shanghai", minimum_count=60)
    # A part of the lines is enough to see that all are numbered alike.
    yield coded.lines.filter(coded.lines.item % 9 == 0)
    yield pa.table(
        {"item": coded.item_ids, "n": coded.item_baskets, "recent": coded.recent, "place": coded.ties}
    )
    yield pa.table(
        {"member": coded.member_ids, "end": [coded.end] * coded.members, "n": [coded.baskets] * coded.members}
    )
    bare = coding.coded_lines(lines.select("member", "basket", "item", "placed_at"), time_zone="UTC").lines
    yield bare.group_by("member").agg(lines=bare.count(), item=bare.item.max(), placed=bare.placed.max())
    yield coding.als_ratings(coded.inside, alpha=2.0)
    short = pairs.short_baskets(coded.inside, longest=8)
    yield short
    # The caps are reached, so that both engines must draw the same.
    yield pairs.basket_pairs(short, most=50)
    vectors = pairs.taste_vectors(coding.member_items(coded.inside), items=coded.items)
    yield vectors
    looking, inside = pairs.taste_sides(vectors, widest=80, most=7)
    yield from (looking, inside)
    rows = inside.to_pyarrow()
    places = (rows["member"].to_numpy(), rows["item"].to_numpy())
    weights = sparse.csr_matrix((rows["weight"].to_numpy(), places), shape=(coded.members, coded.items))
    nearest = NearestTastes(weights, neighbours=5)
    yield joins.mapped_here(looking, nearest, by="item", schema=nearest.schema)


@case
def online_lists(world: World) -> Iterable[Result]:
    facts = online.ListFacts(**{name: getattr(world, name) for name in online.ListFacts.__dataclass_fields__})
    lists = online.answers(facts.recommendation_lists, facts.identity_map).cache()
    listed = online.listed_products(lists).cache()
    touched = online.touches(lists, facts.events).cache()
    lines = online.attributed_lines(listed, facts, currency=CURRENCY, days=40).cache()
    results = online.list_results(lists, touched, lines).cache()
    yield from (lists.drop("product_ids"), listed, touched, lines, results)
    yield online.unit_sums(results, drawn=("s", "t"))
    yield online.totals(results, by=("local_date", "arm"))
    yield online.places(listed, touched, lines)
    yield online.shown_products(listed)
    yield facts.events.select("message_id", told=property_text(facts.events.properties, "product_id"))
    evening = datetime(2017, 12, 31, 23, tzinfo=UTC)
    yield bandit_counts.delays(lists, touched, at=evening)
    taken = touched.group_by("list_id", "product_id").agg(taken_at=touched.touched_at.min())
    yield bandit_counts.item_delays(lists, taken, at=evening)


def _last_days(days: int) -> dict[str, Any]:
    return {"type": "last_days", "days": days}


def _category(*names: str) -> dict[str, Any]:
    return {"goods": {"categories": list(names)}}


AUDIENCES: dict[str, list[dict[str, Any]]] = {
    "six conditions": [
        {"type": "trait", "field": "frequency", "operator": "ge", "value": 5},
        {"type": "purchase", "comparison": {"operator": "ge", "value": 2}, "window": _last_days(60)},
        {"type": "purchase", "measure": "sum", "comparison": {"operator": "ge", "value": 100},
         "window": _last_days(360), **_category("SOFT DRINKS")},
        {"type": "not", "child": {"type": "purchase", "window": _last_days(90), **_category("BABY FOODS")}},
        {"type": "consent", "channel": "email", "purpose": "marketing", "state": "granted"},
        {"type": "any", "children": [
            {"type": "anniversary", "within_days": 60},
            {"type": "share", "basis_points": 5000, "salt": "parity"},
        ]},
    ],
    "reachable": [{"type": "reachable", "channel": "email"}],
    "number told as text": [{"type": "attribute", "name": "points", "operator": "ge", "value": 1.0}],
    "text": [{"type": "attribute", "name": "city", "operator": "contains", "value": "深"}],
    "last day": [{"type": "trait", "field": "last_order_date", "operator": "last_days", "value": 30}],
    "events": [{"type": "event", "names": ["cart"], "comparison": {"operator": "ge", "value": 2},
                "window": _last_days(200)}],
    "messages": [{"type": "message", "event": "received", "window": _last_days(365), "did": False}],
    "sequence": [{"type": "sequence", "within_days": 60, "first": {"type": "event", "names": ["view"]},
                  "then": {"type": "purchase"}}],
    "tier": [{"type": "tier", "tiers": ["p:gold", "p:Gold"]}],
    "members": [{"type": "members", "member_ids": ["m·k1", "m·K1", "m1", "nobody"]}],
    "layer": [{"type": "layer", "scheme": "value", "layers": ["high", "低"]}],
    "moved": [{"type": "moved", "scheme": "value", "days": 1, "from_layers": ["high", "High"], "to_layers": ["低"]}],
    "due": [{"type": "due", "categories": ["c", "C", "茶"], "within_days": 9}],
}  # fmt: skip


@case
def audiences(world: World) -> Iterable[Result]:
    nobody = {"member_id": ["m61", "m·k1"], "channel": ["email", "sms"]}
    facts = AudienceFacts(
        **{name: getattr(world, name) for name in TABLE_NAMES},
        suppressions=ibis.memtable(nobody),
        today=AS_OF,
        currency=CURRENCY,
    )
    for children in AUDIENCES.values():
        yield compile_conditions(parsed({"type": "all", "children": children}), facts)
