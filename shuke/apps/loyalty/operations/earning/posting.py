"""Posting what orders and events earn, under the locks of the wallets: one order or a replayed history."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from shuke.apps.loyalty.models import (
    EventEarning,
    OrderEarning,
    PointsTransaction,
    PointsType,
    Wallet,
)
from shuke.apps.loyalty.operations.book import Book, Ledger, Lots
from shuke.apps.loyalty.operations.earning.caps import UsedCaps
from shuke.apps.loyalty.operations.earning.told import ToldOrder, evaluated
from shuke.apps.loyalty.operations.rows import insert, stored, stored_json
from shuke.apps.loyalty.queries.moved import homes_of, lots_now
from shuke.apps.loyalty.queries.types import points_type_rows
from shuke.apps.loyalty.rules import returns, wallet
from shuke.apps.loyalty.rules.earning import EventRule
from shuke.apps.loyalty.rules.earning_limits import event_refusal, fits, rooms_of, use_event, used_by
from shuke.apps.loyalty.rules.expiry import LAST_MOMENT, Expiry, activation_time
from shuke.apps.loyalty.rules.order_earnings import Given, LineBack, OrderRecord, record_from
from shuke.apps.loyalty.schemas import Request
from shuke.platform.batches import in_batches
from shuke.platform.retailer.queries import retailer

ORDER = (
    "order_id",
    "member_id",
    "version",
    "teller",
    "placed_at",
    "local_date",
    "basis",
    "body",
    "recorded_at",
)
KEY_LENGTH = 160
EVENT = ("key", "member_id", "event", "version", "occurred_at", "local_date", "points", "recorded_at")


@dataclass
class Kept:
    """The record of an order: the row, what it says, what is counted of caps for it, and whether it must be written."""

    row: OrderEarning
    record: OrderRecord
    is_new: bool = False
    is_changed: bool = False
    counted: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ToldEvent:
    """Something a member did, and the rules that speak of it."""

    key: str
    member_pk: int
    event: str
    occurred_at: datetime
    on: date
    version: int
    rules: tuple[EventRule, ...]


@dataclass
class EarningBooks:
    """Wallets of members, opened in the current database transaction, and what orders and events do to them.

    Call ``open``, then ``load_orders``, then tell orders, returns and events of each member in the order of
    their times, then ``finish``.
    """

    at: datetime
    actor: str
    clamps_refused: bool = True
    ledger: Ledger = field(default_factory=Ledger)
    orders: dict[str, Kept] = field(default_factory=dict)
    events: dict[str, EventEarning] = field(default_factory=dict)
    points: Counter[str] = field(default_factory=Counter)
    posted: list[PointsTransaction] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kinds = points_type_rows()
        self.time_zone = retailer().time_zone
        self._books: dict[tuple[int, str], Book] = {}
        self.caps = UsedCaps()
        self._fresh: set[int] = set()
        self._waiting: list[tuple[Given, PointsTransaction]] = []
        self._origins: dict[int, PointsTransaction] = {}
        self._ends: dict[tuple[str, date], datetime | None] = {}
        self._new_events: list[EventEarning] = []

    # --- opening ---

    def open(self, member_pks: Collection[int], points_types: Iterable[str], *, lots: Lots) -> None:
        """Lock the members' wallets of these types, made where there are none; unknown types are left out.

        Of members that were merged those wallets are meant in which their points are now.
        """
        kinds = [self.kinds[code] for code in points_types if code in self.kinds]
        wanted = {(member, kind.pk) for member in member_pks for kind in kinds}
        found = self._wallets(member_pks, kinds)
        Wallet.objects.bulk_create(
            [
                Wallet(member_id=member, points_type_id=kind, created_at=self.at)
                for member, kind in sorted(wanted - found.keys())
            ],
            ignore_conflicts=True,
        )
        if wanted - found.keys():
            found = self._wallets(member_pks, kinds)
        keys, codes = {pk for pk, _ in found.values()}, {kind.pk: kind.code for kind in kinds}
        homes = homes_of(pk for pk, moved_to in found.values() if moved_to)
        for book in self.ledger.open(keys | {*homes.values()}, lots=lots):
            if not book.wallet.seq:
                self._fresh.add(book.wallet.pk)
        for (member, kind), (pk, _) in found.items():
            # Under the lock it shows whether a merge was undone meanwhile.
            own = self.ledger.books[pk]
            home = homes.get(pk, pk) if own.wallet.moved_to_id else pk
            self._books[member, codes[kind]] = self.ledger.books[home]

    @staticmethod
    def _wallets(
        member_pks: Collection[int], kinds: list[PointsType]
    ) -> dict[tuple[int, int], tuple[int, int | None]]:
        """The wallet of each member and type, and where its points have gone."""
        rows = Wallet.objects.filter(member_id__in=member_pks, points_type__in=kinds)
        told = rows.values_list("pk", "moved_to_id", "member_id", "points_type_id")
        return {(member, kind): (pk, moved_to) for pk, moved_to, member, kind in told}

    def load_orders(self, order_ids: Iterable[str]) -> None:
        """Read what is recorded of orders; call it when the wallets are locked."""
        for ids in in_batches(order_ids):
            for row in OrderEarning.objects.filter(order_id__in=ids):
                record = record_from(row.body)
                self.orders[row.order_id] = Kept(row, record, counted=used_by(record))

    def load_events(self, keys: Iterable[str]) -> None:
        """Read what is recorded of events; call it when the wallets are locked."""
        for part in in_batches(keys):
            self.events |= {row.key: row for row in EventEarning.objects.filter(key__in=part)}

    # --- telling ---

    def tell_order(self, told: ToldOrder) -> str:
        """Give what the order earns, or correct what was given: created, corrected, cancelled or unchanged."""
        kept = self.orders.get(told.order_id)
        if kept is None:
            if not told.counts:
                return "unchanged"
            kept = self.orders[told.order_id] = self._new(told)
            self._earn(kept, told)
            self._post(kept, moment=told.placed_at, since=told.placed_at)
            return "created"
        outcome = "unchanged"
        if told.teller == "lake" and kept.row.basis != told.basis:
            kept.row.basis, kept.is_changed = told.basis, True
            is_back = kept.record.is_cancelled and told.counts and bool(told.plan.capped_types)
            if kept.record.is_cancelled == told.counts:
                kept.record.is_cancelled = not told.counts
                outcome = "corrected" if told.counts else "cancelled"
            # The till knew the basket best; what the lake says of its lines later changes no points.
            # An order that comes back to life finds what is left of the caps by now.
            if told.counts and kept.row.teller == "lake" and (kept.record.told != told.told or is_back):
                self._earn(kept, told)
                outcome = "corrected"
            self._post(kept, moment=self.at, since=told.placed_at)
        return outcome

    def tell_back(self, told: ToldOrder) -> bool:
        """Take back for what the lake says came back of the order; whether it was news."""
        kept = self.orders.get(told.order_id)
        if kept is None:
            return False
        news = False
        for number in kept.record.lines:
            share = told.back.get(number)
            known = kept.record.back.get(number)
            if share is not None and (known is None or known.lake != share):
                kept.record.back.setdefault(number, LineBack()).lake = share
                news = True
            elif share is None and known is not None and known.lake:
                known.lake, news = known.lake * 0, True
        if news:
            kept.is_changed = True
            self._post(kept, moment=min(told.back_at or self.at, self.at), since=kept.row.placed_at)
        return news

    def tell_pieces_back(self, order_id: str, key: str, pieces: Mapping[int, int]) -> None:
        """Take back for pieces that a checkout took back, besides those it took back before."""
        kept = self.orders[order_id]
        kept.record.returns[key] = dict(pieces)
        for number, count in pieces.items():
            kept.record.back.setdefault(number, LineBack()).told += count
        kept.is_changed = True
        self._post(kept, moment=self.at, since=kept.row.placed_at)

    def tell_share_back(self, order_id: str, key: str, pieces: Mapping[int, int], share: Fraction) -> None:
        """The same of a checkout that numbers lines otherwise: so much of the whole order has come back by now."""
        kept = self.orders[order_id]
        kept.record.returns[key] = dict(pieces)
        kept.record.till = max(kept.record.till, share)
        kept.is_changed = True
        self._post(kept, moment=self.at, since=kept.row.placed_at)

    def tell_event(self, told: ToldEvent) -> dict[str, str]:
        """Give what an event earns; returns rule → the limit that was reached, for those that gave nothing."""
        if told.key in self.events:
            return {}
        refusals, given = {}, {}
        for rule in told.rules:
            if rule.points_type not in self.kinds:
                continue
            counts = self.caps.of(told.member_pk)
            refusal = event_refusal(rule, on=told.on, counts=counts)
            if refusal:
                refusals[rule.name] = refusal
                continue
            use_event(rule, on=told.on, counts=counts)
            self._award_event(told, rule)
            given[rule.name] = rule.points
        if given:
            row = EventEarning(
                key=told.key,
                member_id=told.member_pk,
                event=told.event,
                version=told.version,
                occurred_at=told.occurred_at,
                local_date=told.on,
                points=given,
                recorded_at=self.at,
            )
            self.events[told.key] = row
            self._new_events.append(row)
        return refusals

    # --- how ---

    def _new(self, told: ToldOrder) -> Kept:
        row = OrderEarning(
            order_id=told.order_id,
            member_id=told.member_pk,
            version=told.plan.number,
            teller=told.teller,
            placed_at=told.placed_at,
            local_date=told.on,
            basis=told.basis,
            recorded_at=self.at,
        )
        return Kept(row, OrderRecord(), is_new=True)

    def _earn(self, kept: Kept, told: ToldOrder) -> None:
        """Set what the order earns, within the caps."""
        record, result, plan = kept.record, told.evaluated, told.plan
        on, capped = kept.row.local_date, [name for name in plan.points_types if name in plan.capped_types]
        if capped:
            if not kept.is_new and not record.capped:
                # Recorded before orders said what they use.
                record.capped = capped
                kept.counted = used_by(record)
            counts, forgiven = self.caps.of(kept.row.member_id), record.forgiven
            # What was forgiven stays with the member, whatever the order earns now.
            kept_used = {f"type:{name}": forgiven[name] for name in capped if name in forgiven}
            self.caps.bring(kept.row.member_id, on=on, before=kept.counted, now=kept_used)
            kept.counted = kept_used
            for name in capped:
                room, rooms = rooms_of(plan, name, on=on, counts=counts)
                given = result.rules.get(name, {})
                # What each rule gave by line is only known of what is evaluated by itself.
                if not fits(given, room=room, rooms=rooms) or (len(given) > 1 and name not in result.shares):
                    result = evaluated(plan, told.purchase(), counts=counts, multipliers=told.multipliers)
                    break
            record.shares = {name: result.shares[name] for name in capped if name in result.shares}
        record.lines, record.pieces, record.told = told.lines, told.pieces, told.told
        record.rules = dict(result.rules)
        record.points = dict(result.points)
        record.capped = capped

    def _post(self, kept: Kept, *, moment: datetime, since: datetime) -> None:
        """Bring the ledger to what the record says."""
        for name, points in kept.record.differences().items():
            book = self._books.get((kept.row.member_id, name))
            if book is None:
                continue
            book.settle(moment)
            if points > 0:
                self._give(kept, book, name, points, moment=moment, since=since)
            else:
                self._take(kept, book, name, -points, moment=moment)
        now = used_by(kept.record)
        self.caps.bring(kept.row.member_id, on=kept.row.local_date, before=kept.counted, now=now)
        kept.counted = now

    def _request(self, kept: Kept, name: str, reason: str) -> Request:
        """Each posting of an order has its own key; the first one's is known to everybody."""
        kept.record.postings += 1
        number = kept.record.postings
        key = f"order:{kept.row.order_id}:{name}" + (f":{number}" if number > 1 else "")
        return Request(
            key=_short(key), actor=self.actor, at=self.at, source=kept.row.order_id[:120], reason=reason
        )

    def _give(
        self, kept: Kept, book: Book, name: str, points: int, *, moment: datetime, since: datetime
    ) -> None:
        kind = self.kinds[name]
        starts = since
        if kind.activation_days or since != moment:
            starts = max(activation_time(since, days=kind.activation_days), moment)
        ends = self._end(kind, since, on=kept.row.local_date)
        if ends is not None and ends <= starts:
            # A correction long after the purchase: these points would have ended before.
            starts = min(starts, ends - timedelta(microseconds=1))
        posting = wallet.award(book.state, points=points, activates_at=starts, expires_at=ends, at=moment)
        request = self._request(kept, name, "purchase")
        posted = book.post("earn", posting, request=request, effective_at=moment)
        given = Given(0, posting.new_lots[0].number, points)
        kept.record.given.setdefault(name, []).append(given)
        self._waiting.append((given, posted))
        self._origins[id(given)] = posted
        self.points[name] += points
        self.posted.append(posted)

    def _take(self, kept: Kept, book: Book, name: str, points: int, *, moment: datetime) -> None:
        if book.wallet.pk not in self._fresh:
            # The lots that pay may be younger than the return; only a history told in order may be dated back.
            moment = self.at
            book.settle(moment)
        policy = self.kinds[name].return_policy
        if policy == "refuse" and self.clamps_refused:
            policy = "clamp"
        for given, part in kept.record.to_take(name, points):
            lots = [number for number in self._lots_now(given, book) if number in book.state.lots]
            posting = returns.claw_back(
                book.state, lots=lots, points=part, earned=given.points, taken=given.taken, policy=policy
            )
            given.taken += part
            gone = part - (posting.entries.get("clawback", 0) if posting else 0)
            if gone:
                kept.record.forgiven[name] = kept.record.forgiven.get(name, 0) + gone
            if posting is None:
                continue
            request = self._request(kept, name, "return")
            posted = book.post(
                "claw_back", posting, request=request, effective_at=moment, related=self._origin(given)
            )
            self.points[name] -= part
            self.posted.append(posted)

    def _origin(self, given: Given) -> PointsTransaction:
        if id(given) not in self._origins:
            self._origins[id(given)] = PointsTransaction.objects.get(pk=given.transaction)
        return self._origins[id(given)]

    def _lots_now(self, given: Given, book: Book) -> list[int]:
        """The lots of a wallet that points which were given are in, if they are there."""
        origin = self._origin(given)
        if origin.wallet_id == book.wallet.pk:
            return [given.lot]
        home, numbers = lots_now(origin)
        return numbers if home.pk == book.wallet.pk else []

    def _award_event(self, told: ToldEvent, rule: EventRule) -> None:
        kind, since = self.kinds[rule.points_type], min(told.occurred_at, self.at)
        starts = activation_time(since, days=kind.activation_days)
        ends = self._end(kind, since, on=told.on)
        if rule.life_days is not None:
            zone = ZoneInfo(self.time_zone)
            last = told.on + timedelta(days=rule.life_days)
            ends = datetime.combine(last, LAST_MOMENT, zone).astimezone(UTC)
        if ends is not None and ends <= starts:
            # Points whose wait is longer than their life.
            starts = ends - timedelta(microseconds=1)
        book = self._books[told.member_pk, rule.points_type]
        book.settle(since)
        posting = wallet.award(book.state, points=rule.points, activates_at=starts, expires_at=ends, at=since)
        request = Request(
            key=_short(f"{told.key}:{rule.name}"),
            actor=self.actor,
            at=self.at,
            source=told.key[:120],
            reason=rule.name,
        )
        self.posted.append(book.post("earn", posting, request=request, effective_at=since))
        self.points[rule.points_type] += rule.points

    def _end(self, kind: PointsType, since: datetime, *, on: date) -> datetime | None:
        """When points end; the same for all of a local day."""
        if (kind.code, on) not in self._ends:
            self._ends[kind.code, on] = Expiry(**kind.expiry).end(since, time_zone=self.time_zone)
        return self._ends[kind.code, on]

    # --- writing ---

    def finish(self) -> None:
        """Settle, and write postings, records and counts."""
        for book in self._books.values():
            book.settle(self.at)
        self.ledger.flush()
        for given, posted in self._waiting:
            given.transaction = posted.pk
        self._waiting.clear()
        self._write_orders()
        insert(EventEarning, EVENT, rows=[_event_row(row) for row in self._new_events])
        self._new_events = []
        self.caps.write()

    def _write_orders(self) -> None:
        new = [kept for kept in self.orders.values() if kept.is_new]
        insert(OrderEarning, ORDER, rows=[_order_row(kept) for kept in new])
        changed = [kept for kept in self.orders.values() if kept.is_changed and not kept.is_new]
        for kept in changed:
            kept.row.body = kept.record.as_json()
        OrderEarning.objects.bulk_update([kept.row for kept in changed], ["body", "basis"], batch_size=500)
        for kept in (*new, *changed):
            kept.is_new = kept.is_changed = False


def _order_row(kept: Kept) -> tuple[object, ...]:
    row = kept.row
    return (
        row.order_id,
        row.member_id,
        row.version,
        row.teller,
        stored(row.placed_at),
        row.local_date.isoformat(),
        row.basis,
        stored_json(kept.record.as_json()),
        stored(row.recorded_at),
    )


def _event_row(row: EventEarning) -> tuple[object, ...]:
    return (
        row.key,
        row.member_id,
        row.event,
        row.version,
        stored(row.occurred_at),
        row.local_date.isoformat(),
        stored_json(row.points),
        stored(row.recorded_at),
    )


def _short(key: str) -> str:
    """The key, or its beginning and its hash where it is longer than the column."""
    if len(key) <= KEY_LENGTH:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: KEY_LENGTH - len(digest) - 1]}:{digest}"
