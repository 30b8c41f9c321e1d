"""What members did, told to the ledger: some thousand orders and events of many members in a transaction."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from shuke.apps.loyalty.models import EventEarning, OrderEarning
from shuke.apps.loyalty.operations.earning.posting import EarningBooks, ToldEvent
from shuke.apps.loyalty.operations.earning.told import ToldOrder
from shuke.apps.loyalty.schemas.earning import EarnedOrders
from shuke.platform.batches import in_batches

#: Orders and events per database transaction: a till waits less than a second for a replay.
BATCH = 2_000
ACTOR = "Shuke"


@dataclass(slots=True)
class Story:
    """What one member did."""

    member_pk: int
    orders: list[ToldOrder] = field(default_factory=list)
    events: list[ToldEvent] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many orders and events."""
        return len(self.orders) + len(self.events)

    def types(self) -> set[str]:
        """The points types that it may touch."""
        plans = {order.plan.number: order.plan for order in self.orders}
        found = {name for plan in plans.values() for name in plan.points_types}
        return found | {rule.points_type for event in self.events for rule in event.rules}

    def moments(self, known: Container[str]) -> Iterator[tuple[datetime, int, ToldOrder | ToldEvent]]:
        """(when, which of its kind, what), unsorted: 0 an order, 1 an event, 2 what came back of an order.

        ``known`` are orders that something is recorded of: of them the lake may have taken refunds back.
        """
        for order in self.orders:
            yield order.placed_at, 0, order
            if order.counts and (order.back or order.order_id in known):
                yield max(order.back_at or order.placed_at, order.placed_at), 2, order
        for event in self.events:
            yield event.occurred_at, 1, event


@dataclass
class Stories:
    """Takes stories in and counts what came of them."""

    at: datetime
    outcome: EarnedOrders = field(default_factory=EarnedOrders)

    def tell(self, stories: Sequence[Story]) -> None:
        """Post what is new of them.  What was recorded before posts nothing."""
        self._leave_known_events_out(stories)
        batch: list[Story] = []
        size = 0
        for story in stories:
            if not story.size:
                continue
            batch.append(story)
            size += story.size
            if size >= BATCH:
                self._post(batch)
                batch, size = [], 0
        if batch:
            self._post(batch)

    @staticmethod
    def _leave_known_events_out(stories: Sequence[Story]) -> None:
        known: set[str] = set()
        for keys in in_batches([event.key for story in stories for event in story.events]):
            known |= set(EventEarning.objects.filter(key__in=keys).values_list("key", flat=True))
        for story in stories:
            story.events = [event for event in story.events if event.key not in known]

    @transaction.atomic
    def _post(self, batch: Sequence[Story]) -> None:
        books = EarningBooks(at=self.at, actor=ACTOR)
        order_ids = [order.order_id for story in batch for order in story.orders]
        members = {story.member_pk for story in batch} | _members_of(order_ids)
        types: set[str] = set().union(*(story.types() for story in batch))
        books.open(members, sorted(types), lots="open")
        books.load_orders(order_ids)
        books.load_events([event.key for story in batch for event in story.events])
        known = frozenset(books.orders)
        for story in batch:
            self._tell_story(books, story, known)
        books.finish()
        self.outcome.members += len(batch)
        for name, points in books.points.items():
            self.outcome.points[name] = self.outcome.points.get(name, 0) + points

    def _tell_story(self, books: EarningBooks, story: Story, known: Container[str]) -> None:
        for _moment, which, what in sorted(story.moments(known), key=lambda item: item[:2]):
            if isinstance(what, ToldEvent):
                books.tell_event(what)
                self.outcome.events += what.key in books.events
            elif which == 0:
                self._count(books.tell_order(what))
            else:
                self.outcome.returns += books.tell_back(what)

    def _count(self, outcome: str) -> None:
        if outcome == "created":
            self.outcome.orders += 1
        elif outcome == "unchanged":
            self.outcome.unchanged += 1
        else:
            self.outcome.corrections += 1


def _members_of(order_ids: Sequence[str]) -> set[int]:
    """Whom orders were recorded for: members that were merged since keep what they were given."""
    found: set[int] = set()
    for ids in in_batches(order_ids):
        found |= set(OrderEarning.objects.filter(order_id__in=ids).values_list("member_id", flat=True))
    return found
