"""Orders of the lake earn: a whole history at once, or what an import has brought.

Both walk the same way (docs/algorithms/points.md, "From the lake"): parts of many members, told in the order
of their times, some thousand orders in a transaction.  What was recorded before posts nothing, so a run that
was killed is simply run again.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import polars as pl
from django.db import transaction

from shuke.apps.loyalty.models import EventEarning, OrderEarning
from shuke.apps.loyalty.operations.earning.birthdays import Birthdays
from shuke.apps.loyalty.operations.earning.posting import EarningBooks, ToldEvent
from shuke.apps.loyalty.operations.earning.sheets import Standpoint, check_sums, told_orders, with_orders
from shuke.apps.loyalty.operations.earning.told import ToldOrder
from shuke.apps.loyalty.queries.earning_plans import Plans, published_plans
from shuke.apps.loyalty.queries.order_facts import lines_in_lake, order_facts, orders_of_batches
from shuke.apps.loyalty.queries.standing import standings_of
from shuke.apps.loyalty.queries.types import spendable_types
from shuke.apps.loyalty.schemas.earning import EarnedOrders
from shuke.apps.members.queries import active_ids, member_refs
from shuke.platform.batches import in_batches
from shuke.platform.locks import exclusive

#: Orders and events per database transaction: a till waits less than a second for a replay.
BATCH = 2_000
ACTOR = "Shuke"


class Tell(Protocol):
    """Told how far a run is."""

    def __call__(self, done: int, total: int) -> None:
        """``done`` of ``total`` lines."""


@dataclass
class _Story:
    """What one member did, as the lake tells it."""

    member_pk: int
    orders: list[ToldOrder] = field(default_factory=list)
    events: list[ToldEvent] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.orders) + len(self.events)

    def types(self) -> set[str]:
        """The points types that it may touch."""
        found = {name for order in self.orders for name in order.plan.points_types}
        return found | {rule.points_type for event in self.events for rule in event.rules}

    def moments(self) -> Iterator[tuple[datetime, int, ToldOrder | ToldEvent]]:
        """(when, which of its kind, what), unsorted: 0 an order, 1 an event, 2 what came back of an order."""
        for order in self.orders:
            yield order.placed_at, 0, order
            if order.counts:
                yield max(order.back_at or order.placed_at, order.placed_at), 2, order
        for event in self.events:
            yield event.occurred_at, 1, event


def replay_history(*, at: datetime, tell: Tell = lambda *_: None) -> EarnedOrders:
    """Let every order in the lake earn that was placed since the first version starts, and every birthday since.

    Points are dated when they were earned, and lots that have ended since end at their own moment.  Run it
    again after a kill or for nothing: what is recorded earns no second time.
    """
    return _run(at=at, tell=tell, order_ids=None)


def earn_orders(*, at: datetime, order_ids: Collection[str]) -> EarnedOrders:
    """Let some orders of the lake earn, correct what they earned, and take back for what came back."""
    return _run(at=at, tell=lambda *_: None, order_ids=order_ids) if order_ids else EarnedOrders()


def earn_batches(*, at: datetime, batch_ids: Collection[str]) -> EarnedOrders:
    """The same for the orders that imported batches have brought something of."""
    return earn_orders(at=at, order_ids=orders_of_batches(batch_ids))


def earn_recent(*, at: datetime, since: datetime) -> EarnedOrders:
    """The same for every order placed since then: whatever a lost job or a late identity has left out."""
    return _run(at=at, tell=lambda *_: None, order_ids=None, since=since, with_birthdays=False)


def _run(
    *,
    at: datetime,
    tell: Tell,
    order_ids: Collection[str] | None,
    since: datetime | None = None,
    with_birthdays: bool | None = None,
) -> EarnedOrders:
    began = time.monotonic()
    plans = published_plans()
    if plans.begin is None:
        return EarnedOrders()
    begin = max(plans.begin, since) if since else plans.begin
    if with_birthdays is None:
        with_birthdays = order_ids is None
    with exclusive("earning"):
        run = _Replay(at=at, plans=plans, birthdays=Birthdays.known(plans, at=at) if with_birthdays else None)
        total = lines_in_lake() if order_ids is None else 0
        done = 0
        for part in order_facts(since=begin, order_ids=order_ids):
            run.take(part)
            done += part.height
            tell(done, max(total, done))
        run.take_the_rest()
    run.outcome.seconds = round(time.monotonic() - began, 3)
    return run.outcome


class _Replay:
    def __init__(self, *, at: datetime, plans: Plans, birthdays: Birthdays | None) -> None:
        self.at, self.plans, self.birthdays = at, plans, birthdays
        self.outcome = EarnedOrders()
        self.spendable = spendable_types()
        self.seen: set[str] = set()

    def take(self, part: pl.DataFrame) -> None:
        """Post what a part of the lake brings."""
        lines = with_orders(part.filter(pl.col("placed_at") <= self.at))
        told, basis = check_sums(lines)
        sums = pl.DataFrame(
            {"order": range(len(told)), "told": told, "basis": basis},
            schema={"order": pl.Int64, "told": pl.Int64, "basis": pl.Int64},
        )
        lines = lines.join(sums, on="order", how="left", maintain_order="left")
        members = lines["member_id"].unique(maintain_order=True).to_list()
        fresh = lines.filter(pl.col("order_id").is_in(self._news(lines)))
        standpoints = self._standpoints(members)
        stories = {member: _Story(point.pk) for member, point in standpoints.items()}
        fresh = fresh.filter(pl.col("member_id").is_in(list(standpoints)))
        for member, order in told_orders(fresh, plans=self.plans, members=standpoints):
            stories[member].orders.append(order)
        first = dict(lines.group_by("member_id").agg(pl.col("local_date").min()).iter_rows())
        if self.birthdays is not None:
            for member, story in stories.items():
                story.events = self.birthdays.events_of(member, story.member_pk, first_day=first[member])
        self.seen.update(members)
        self._tell(list(stories.values()))

    def take_the_rest(self) -> None:
        """Members without orders have birthdays too."""
        if self.birthdays is None:
            return
        for ids in in_batches(self.birthdays.members() - self.seen, size=500):
            refs = member_refs(ids)
            stories = [
                _Story(ref.pk, events=self.birthdays.events_of(member, ref.pk, first_day=None))
                for member, ref in refs.items()
            ]
            self._tell(stories)

    def _news(self, lines: pl.DataFrame) -> list[str]:
        """Orders of which the lake says something else than what was recorded."""
        heads = lines.group_by("order_id").agg(pl.col("basis").first(), pl.col("counts").first())
        known: dict[str, int] = {}
        for ids in in_batches(heads["order_id"].to_list()):
            known |= dict(OrderEarning.objects.filter(order_id__in=ids).values_list("order_id", "basis"))
        return [
            order_id
            for order_id, basis, counts in heads.iter_rows()
            if known.get(order_id, None if counts else basis) != basis
        ]

    def _standpoints(self, members: Sequence[str]) -> Mapping[str, Standpoint]:
        refs = member_refs(active_ids(members))
        standings = standings_of(list(refs), at=self.at)
        found = {}
        for member, ref in refs.items():
            standing = standings.of(member)
            found[member] = Standpoint(ref.pk, standing.tier, standing.multipliers(self.spendable))
        return found

    def _tell(self, stories: Sequence[_Story]) -> None:
        events = [event.key for story in stories for event in story.events]
        known: set[str] = set()
        for keys in in_batches(events):
            known |= set(EventEarning.objects.filter(key__in=keys).values_list("key", flat=True))
        for story in stories:
            story.events = [event for event in story.events if event.key not in known]
        batch: list[_Story] = []
        for story in (story for story in stories if story.size):
            batch.append(story)
            if sum(item.size for item in batch) >= BATCH:
                self._post(batch)
                batch = []
        self._post(batch)

    def _post(self, batch: Sequence[_Story]) -> None:
        if not batch:
            return
        with transaction.atomic():
            books = EarningBooks(at=self.at, actor=ACTOR)
            order_ids = [order.order_id for story in batch for order in story.orders]
            known = (
                OrderEarning.objects.filter(order_id__in=order_ids) if len(order_ids) < BATCH * 4 else None
            )
            others = set(known.values_list("member_id", flat=True)) if known is not None else set()
            types = set().union(*(story.types() for story in batch))
            books.open({story.member_pk for story in batch} | others, sorted(types), lots="open")
            books.load_orders(order_ids)
            books.load_events([event.key for story in batch for event in story.events])
            for story in batch:
                self._tell_story(books, story)
            books.finish()
        self.outcome.members += len(batch)
        for name, points in books.points.items():
            self.outcome.points[name] = self.outcome.points.get(name, 0) + points

    def _tell_story(self, books: EarningBooks, story: _Story) -> None:
        for _moment, which, what in sorted(story.moments(), key=lambda item: item[:2]):
            if isinstance(what, ToldEvent):
                books.tell_event(what)
                self.outcome.events += 1
            elif which == 0:
                self._count(books.tell_order(what))
            elif books.tell_back(what):
                self.outcome.returns += 1

    def _count(self, outcome: str) -> None:
        if outcome == "created":
            self.outcome.orders += 1
        elif outcome == "unchanged":
            self.outcome.unchanged += 1
        else:
            self.outcome.corrections += 1
