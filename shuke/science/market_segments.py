"""Market segments: who the members are, where they live, what they say and do, and what each part is worth.

A dimension puts every member into exactly one segment (:data:`UNKNOWN` where nobody told), so that shares add up to 1.
The segments of a dimension are compared by size, revenue, growth, satisfaction and return on the money spent on them.
What happened is counted and has no interval; growth and satisfaction are estimates about the members of tomorrow and
have one.  See docs/algorithms/multivariate.md.

Growth is the ratio of two sums over the same members, its interval the one of a ratio estimator (Cochran 1977, 6.4).
Worked, two members who paid 10 and 30 before and 20 and 40 now: R = 60/40 = 1.5; d = 20 - 15 = 5 and 40 - 45 = -5;
standard error sqrt(2/1 · 50)/40 = 0.25; growth +50%, interval 1% to 99%.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import ibis
from ibis.expr import types as ir

from shuke.science.event_properties import property_text
from shuke.science.persons import current_attributes, with_member
from shuke.science.places import with_region
from shuke.science.rounding import cut
from shuke.science.texts import number

#: The segment of members of whom it is not known.
UNKNOWN = ""
#: Many small segments put together.
OTHER = "…"
#: The same weekdays of a year before.
YEAR_DAYS = 364
#: On so many days from a message on, that day included, what a member buys is set beside the message's cost.
RESPONSE_DAYS = 14
#: Events that carry a ``rating``, in Segment's words.
RATING_EVENTS = ("Product Reviewed", "Survey Answered")
#: The scale of a rating; what lies outside is none.
SCALE = (1.0, 5.0)
#: Upper ends of age bands; the last band is open.
AGES = (18, 25, 35, 45, 55, 65)
#: 95 of 100.
Z = 1.959963984540054


@dataclass(frozen=True)
class Window:
    """The ``days`` business days that end with ``last``, and what they are compared with."""

    last: date
    days: int = 91

    @property
    def first(self) -> date:
        """The first day."""
        return self.last - timedelta(days=self.days - 1)

    def moved(self, days: int) -> Window:
        """As many days, so many days earlier."""
        return Window(self.last - timedelta(days=days), self.days)


def _complete(members: ir.Table, known: ir.Table) -> ir.Table:
    """``member_id, segment`` of every member."""
    joined = members.select("member_id").left_join(known, "member_id")
    return joined.select(members.member_id, segment=known.segment.fill_null(UNKNOWN))


def by_attribute(members: ir.Table, current: ir.Table, *, attribute: str) -> ir.Table:
    """Segments by what a member told (age group, gender, an answer of a survey …).

    ``current``: the result of ``current_attributes``.
    """
    told = current.filter(current.attribute == attribute)
    return _complete(members, told.select("member_id", segment=told.value.strip()))


def by_region(members: ir.Table, current: ir.Table, regions: ir.Table, *, attribute: str) -> ir.Table:
    """Segments by the province or state of the place a member told; how it was written does not matter."""
    told = current.filter(current.attribute == attribute).select("member_id", "value")
    placed = with_region(told, regions, column="value")
    return _complete(members, placed.select("member_id", segment=placed.province_id))


def by_age(members: ir.Table, current: ir.Table, *, as_of: date, attribute: str = "birth_year") -> ir.Table:
    """Segments by age band: the age reached in the year of ``as_of``; nobody is older than 110."""
    told = current.filter(current.attribute == attribute)
    age = as_of.year - cut(number(told.value))
    band = ibis.cases(
        ((age < 0) | (age > 110), ibis.null("string")),
        (age < AGES[0], f"<{AGES[0]}"),
        *((age < high, f"{low}-{high - 1}") for low, high in pairwise(AGES)),
        (age >= AGES[-1], f"{AGES[-1]}+"),
    )
    return _complete(members, told.select("member_id", segment=band))


def by_trait(members: ir.Table, traits: ir.Table, *, trait: str) -> ir.Table:
    """Segments by a trait of one day: the store or channel used most, the stage of life, the RFM segment."""
    return _complete(members, traits.select("member_id", segment=traits[trait].cast("string")))


def by_store_region(members: ir.Table, traits: ir.Table, stores: ir.Table) -> ir.Table:
    """Segments by the region of the store used most."""
    placed = traits.join(stores, traits.favourite_store == stores.store_id)
    return _complete(members, placed.select("member_id", segment=stores.region))


def by_answer(
    members: ir.Table,
    events: ir.Table,
    identity_map: ir.Table,
    *,
    question: str,
    name: str = "Survey Answered",
) -> ir.Table:
    """Segments by the newest answer to a question: events with the properties ``question`` and ``answer``."""
    asked = with_member(events.filter(events.name == name), identity_map)
    about = property_text(asked.properties, "question")
    said = asked.filter(about == question).mutate(answer=property_text(asked.properties, "answer"))
    said = said.filter(said.answer != UNKNOWN)
    place = ibis.row_number().over(
        group_by="member_id", order_by=[ibis.desc(said.occurred_at), said.answer, said.message_id]
    )
    newest = said.mutate(place=place).filter(lambda t: t.place == 0)
    return _complete(members, newest.select("member_id", segment=newest.answer))


def questions(events: ir.Table, *, most: int, name: str = "Survey Answered") -> list[str]:
    """The questions that were answered most."""
    asked = events.filter(events.name == name)
    asked = asked.select(question=property_text(asked.properties, "question"))
    counted = asked.filter(asked.question != UNKNOWN).group_by("question").agg(answers=lambda t: t.count())
    rows = counted.order_by(counted.answers.desc(), counted.question).limit(most).to_pyarrow()
    return list(rows["question"].to_pylist())


def largest(segments: ir.Table, *, most: int = 12) -> ir.Table:
    """The segments with the smaller ones beyond ``most`` put together as :data:`OTHER`; the unknown stay apart."""
    counted = segments.group_by("segment").agg(members=segments.count())
    known = counted.filter(counted.segment != UNKNOWN)
    place = ibis.row_number().over(order_by=[ibis.desc(known.members), known.segment])
    small = known.mutate(place=place).filter(lambda t: t.place >= most).select("segment")
    is_small = segments.segment.isin(small.segment)
    return segments.mutate(segment=is_small.ifelse(OTHER, segments.segment))


def ratings(
    events: ir.Table, member_attributes: ir.Table, identity_map: ir.Table, *, window: Window
) -> ir.Table:
    """``member_id, rating``: each member's mean rating in the window, on the scale of 1 to 5.

    Of the events of :data:`RATING_EVENTS`; of who sent none, the attribute ``satisfaction``, whenever it was told.
    """
    first, last = ibis.literal(window.first), ibis.literal(window.last)
    rated = events.filter(events.name.isin(RATING_EVENTS), events.local_date.between(first, last))
    rated = with_member(rated, identity_map).select(
        "member_id", rating=number(property_text(rated.properties, "rating"))
    )
    said = current_attributes(member_attributes, identity_map).filter(
        lambda t: t.attribute == "satisfaction", lambda t: t.observed_at.date() <= last
    )
    said = said.select("member_id", rating=number(said.value))
    said = said.anti_join(rated.filter(rated.rating.notnull()), "member_id")
    both = ibis.union(rated, said)
    both = both.filter(both.rating.between(*SCALE))
    return both.group_by("member_id").agg(rating=both.rating.mean())


def spending(
    messages: ir.Table,
    costs: ir.Table,
    purchases: ir.Table,
    identity_map: ir.Table,
    *,
    window: Window,
    currency: str,
) -> ir.Table:
    """``member_id, cost_minor, response_minor, extra_minor`` of each member that campaigns of the window reached.

    The cost of a campaign in ``currency`` is shared out over all its messages that were sent.  ``response_minor``:
    what the member paid on the response days, the :data:`RESPONSE_DAYS` from such a message on within the window,
    each day once.  ``extra_minor``: that, less what it pays on as many of its other days of the window; missing where
    there is no other day.  The member is its own control: who is written to because it was going to buy anyway still
    looks like success.  Only a control group tells; see docs/algorithms/lift.md.
    """
    paid = costs.filter(costs.currency == currency, costs.campaign_id.notnull())
    paid = paid.group_by("campaign_id").agg(cost=paid.amount_minor.sum())
    sent = with_member(
        messages.filter(messages.event == "sent", messages.campaign_id.notnull()), identity_map
    )
    everywhere = sent.group_by("campaign_id").agg(sent=sent.count())
    price = everywhere.join(paid, "campaign_id")
    price = price.select("campaign_id", each=price.cost / price.sent.cast("float64").nullif(0))
    first, last = ibis.literal(window.first), ibis.literal(window.last)
    reached = sent.filter(sent.local_date.between(first, last)).join(price, "campaign_id")
    cost = reached.group_by("member_id").agg(cost_minor=reached.each.sum())
    days = reached.select("member_id", sent_on=reached.local_date).distinct()
    inside = purchases.filter(purchases.local_date.between(first, last)).join(
        cost.select("member_id"), "member_id"
    )
    money = inside.group_by("member_id", "local_date").agg(net_minor=inside.net_minor.sum())
    return _extra(cost, _response_days(days, last=last), money, days=window.days)


def _response_days(messages: ir.Table, *, last: ir.DateScalar) -> ir.Table:
    """``member_id, local_date``: each day within reach of a message, once, up to ``last``."""
    steps = ibis.memtable({"step": list(range(RESPONSE_DAYS))})
    spread = messages.cross_join(steps)
    days = spread.select("member_id", local_date=spread.sent_on + spread.step.as_interval("D"))
    days = days.mutate(local_date=days.local_date.cast("date"))
    return days.filter(days.local_date <= last).distinct()


def _extra(cost: ir.Table, near: ir.Table, money: ir.Table, *, days: int) -> ir.Table:
    counted = near.group_by("member_id").agg(response_days=near.count())
    marked = money.left_join(near.mutate(is_near=True), ["member_id", "local_date"])
    is_near = marked.is_near.notnull()
    sums = marked.group_by("member_id").agg(
        near_minor=is_near.ifelse(marked.net_minor, 0).sum(),
        far_minor=is_near.ifelse(0, marked.net_minor).sum(),
    )
    joined = cost.left_join(counted, "member_id").drop("member_id_right")
    joined = joined.left_join(sums, "member_id").drop("member_id_right")
    response, other = joined.near_minor.fill_null(0), joined.far_minor.fill_null(0)
    rate = other / (days - joined.response_days).cast("float64").nullif(0)
    return joined.select(
        "member_id", "cost_minor", response_minor=response, extra_minor=response - rate * joined.response_days
    )


def segment_figures(
    segments: ir.Table,
    purchases: ir.Table,
    *,
    window: Window,
    rated: ir.Table | None = None,
    spent: ir.Table | None = None,
) -> ir.Table:
    """One row per segment of a dimension.

    ``segments``: ``member_id, segment`` of every member once; ``purchases`` one row per counted order; ``rated`` and
    ``spent`` from :func:`ratings` and :func:`spending`.  Columns: ``members, member_share, buyers, orders,
    revenue_minor, revenue_share, index`` (revenue share over member share), ``before_minor, growth, growth_lower,
    growth_upper`` against as many days just before, ``year_minor, year_growth, year_lower, year_upper`` against the
    same weekdays a year before, ``ratings, rating, rating_lower, rating_upper, cost_minor, response_minor,
    extra_minor, return_on_cost, return_lower, return_upper`` (extra less cost, over cost).  What cannot be known is
    missing.
    """
    own = _own(segments, purchases, window=window, rated=rated, spent=spent)
    now, before, year = (own[name].cast("float64") for name in ("now_minor", "before_minor", "year_minor"))
    sums = own.group_by("segment").agg(
        members=own.count(),
        buyers=(own.orders > 0).cast("int64").sum(),
        orders=own.orders.sum(),
        revenue_minor=own.now_minor.sum(),
        before_minor=own.before_minor.sum(),
        year_minor=own.year_minor.sum(),
        now_now=(now * now).sum(),
        now_before=(now * before).sum(),
        before_before=(before * before).sum(),
        now_year=(now * year).sum(),
        year_year=(year * year).sum(),
        ratings=own.rating.count(),
        rating=own.rating.mean(),
        rating_deviation=own.rating.std(how="sample"),
        cost_minor=own.cost_minor.sum(),
        response_minor=own.response_minor.sum(),
        extra_minor=own.extra_minor.sum(),
        extra_deviation=own.extra_minor.std(how="sample"),
        reached=own.extra_minor.count(),
    )
    return _shaped(sums)


def _own(
    segments: ir.Table,
    purchases: ir.Table,
    *,
    window: Window,
    rated: ir.Table | None,
    spent: ir.Table | None,
) -> ir.Table:
    """One row per member with its sums; zero where it did not buy, missing where it was not asked or reached."""

    def paid_in(part: Window) -> ir.IntegerValue:
        inside = purchases.local_date.between(ibis.literal(part.first), ibis.literal(part.last))
        return inside.ifelse(purchases.net_minor, 0).sum()

    is_now = purchases.local_date.between(ibis.literal(window.first), ibis.literal(window.last))
    bought = purchases.group_by("member_id").agg(
        orders=is_now.cast("int64").sum(),
        now_minor=paid_in(window),
        before_minor=paid_in(window.moved(window.days)),
        year_minor=paid_in(window.moved(YEAR_DAYS)),
    )
    own = segments.left_join(bought, "member_id").select(
        segments.member_id,
        segments.segment,
        **{name: bought[name].fill_null(0) for name in ("orders", "now_minor", "before_minor", "year_minor")},
    )
    if rated is None:
        own = own.mutate(rating=ibis.null("float64"))
    else:
        own = own.left_join(rated, "member_id").drop("member_id_right")
    if spent is None:
        missing = {name: ibis.null("float64") for name in ("cost_minor", "response_minor", "extra_minor")}
        return own.mutate(**missing)
    return own.left_join(spent, "member_id").drop("member_id_right")


def _shaped(sums: ir.Table) -> ir.Table:
    """Shares, growth and the other ratios from the sums of each segment."""
    everywhere = ibis.window()
    revenue = sums.revenue_minor.cast("float64")
    shared = sums.mutate(
        member_share=sums.members / sums.members.sum().over(everywhere).cast("float64").nullif(0),
        revenue_share=revenue / sums.revenue_minor.sum().over(everywhere).cast("float64").nullif(0),
        rating_error=sums.rating_deviation / sums.ratings.cast("float64").nullif(0).sqrt(),
        return_on_cost=(sums.extra_minor - sums.cost_minor) / sums.cost_minor.nullif(0),
        return_error=sums.extra_deviation * sums.reached.cast("float64").sqrt() / sums.cost_minor.nullif(0),
        growth_error=_error(sums, "before"),
        year_error=_error(sums, "year"),
        growth=revenue / sums.before_minor.cast("float64").nullif(0) - 1,
        year_growth=revenue / sums.year_minor.cast("float64").nullif(0) - 1,
    )
    return shared.select(
        "segment",
        "members",
        "member_share",
        "buyers",
        "orders",
        "revenue_minor",
        "revenue_share",
        "before_minor",
        "growth",
        "year_minor",
        "year_growth",
        "ratings",
        "rating",
        "cost_minor",
        "response_minor",
        "extra_minor",
        "return_on_cost",
        index=shared.revenue_share / shared.member_share.nullif(0),
        growth_lower=shared.growth - Z * shared.growth_error,
        growth_upper=shared.growth + Z * shared.growth_error,
        year_lower=shared.year_growth - Z * shared.year_error,
        year_upper=shared.year_growth + Z * shared.year_error,
        return_lower=shared.return_on_cost - Z * shared.return_error,
        return_upper=shared.return_on_cost + Z * shared.return_error,
        rating_lower=shared.rating - Z * shared.rating_error,
        rating_upper=shared.rating + Z * shared.rating_error,
    )


def _error(sums: ir.Table, base: str) -> ir.FloatingValue:
    """Standard error of the ratio of this window's money to the other's."""
    whole = sums[f"{base}_minor"].cast("float64").nullif(0)
    ratio = sums.revenue_minor / whole
    squares = sums.now_now - 2 * ratio * sums[f"now_{base}"] + ratio * ratio * sums[f"{base}_{base}"]
    members = sums.members.cast("float64")
    correction = members / (members - 1).nullif(0)
    return (correction * ibis.greatest(squares, 0.0)).sqrt() / whole


def segment_history(segments: ir.Table, purchases: ir.Table, *, window: Window, periods: int = 6) -> ir.Table:
    """``segment, period, buyers, orders, revenue_minor, revenue_share`` of windows one behind the other.

    ``period`` 0 is the window, 1 the one just before, up to ``periods`` of them.
    """
    age = ibis.literal(window.last).delta(purchases.local_date, unit="day")
    dated = purchases.mutate(period=(age / window.days).floor().cast("int64"))
    dated = dated.filter(dated.local_date <= ibis.literal(window.last), dated.period < periods)
    owned = dated.join(segments, "member_id")
    sums = owned.group_by("segment", "period").agg(
        buyers=owned.member_id.nunique(), orders=owned.count(), revenue_minor=owned.net_minor.sum()
    )
    whole = sums.revenue_minor.sum().over(group_by="period").cast("float64")
    return sums.mutate(revenue_share=sums.revenue_minor / whole.nullif(0))
