"""From the spool to the lake: each event once, whatever died in between; people, consent, plans and counts."""

import json
from datetime import UTC, datetime

import pytest

from shuke.apps.collector.events import ConsentReported
from shuke.apps.collector.models import PlanViolation, SourceDay
from shuke.apps.collector.operations import (
    create_source,
    erase_from_spool,
    expect_event,
    load_all,
    load_once,
    loading,
    tend_spool,
)
from shuke.apps.collector.queries import loader_lag, recent_events, spool
from shuke.apps.collector.queries.spooling import transaction_app
from shuke.apps.collector.schemas import PropertyRule
from shuke.apps.connections.operations import ensure_account
from shuke.apps.identity.models import Identifier
from shuke.platform import events as bus
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.privacy import Trace, Traced
from shuke.platform.warehouse import lake
from shuke.sources.collector.records import packed
from shuke.sources.collector.spool import SpoolBusy

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
RECEIVED = int(AT.timestamp()) * 1_000_000


class Shop:
    """A source with its spool, filled as the collector would."""

    def __init__(self) -> None:
        self.account = ensure_account(actor=SYSTEM, at=AT, name="Web", sales_channel="web")
        self.source = create_source(actor=SYSTEM, at=AT, account_id=self.account.id, name="Site", kind="web")
        assert spool().identity

    def put(self, *events: object, segment: int = 1, role: str = "server", source: str = "") -> None:
        body = json.dumps({"batch": events}).encode()
        with spool().path(segment).open("ab") as file:
            name = source or self.source
            file.write(packed(received_at=RECEIVED, kind=b"b", role=role, source=name, body=body))

    def stored(self) -> list[dict]:
        with lake().read() as snapshot:
            rows = snapshot.table("events").to_pyarrow().to_pylist()
        return sorted(rows, key=lambda row: row["message_id"])

    def rejected(self) -> list[dict]:
        with lake().read() as snapshot:
            return snapshot.table("rejected_rows").to_pyarrow().to_pylist()

    def counts(self) -> tuple[int, int, int]:
        days = SourceDay.objects.values_list("accepted", "duplicates", "rejected")
        return tuple(map(sum, zip(*days, strict=True)))  # type: ignore[return-value]


@pytest.fixture
def shop(transactional_db, lake_home, settings, tmp_path) -> Shop:
    settings.SHUKE_HOME = tmp_path
    return Shop()


def track(number: int, **fields: object) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Viewed",
        "userId": f"u{number % 7}",
        "messageId": f"m{number:04}",
        **fields,
    }


BAD = {"type": "track", "userId": "u1", "messageId": "bad"}


def test_events_people_links_and_what_must_not_be_there(shop):
    shop.put(
        {
            "type": "identify",
            "userId": "c-1",
            "anonymousId": "device-1",
            "messageId": "1",
            "traits": {"email": "ann@example.com", "name": "Ann Lee", "plan": "gold"},
        },
        track(2, userId="c-1", properties={"email": "ann@example.com", "sku": "7"}),
        track(3, userId=None, anonymousId="device-2", context={"ip": "10.0.0.1", "locale": "en"}),
        {"type": "alias", "userId": "c-2", "previousId": "device-2", "messageId": "4"},
        track(5, userId="**"),
    )
    assert load_once(at=AT).events == 4
    people = {(row.kind, row.person_key): row.member_id for row in Identifier.objects.all()}
    by_kind = {kind: {owner for (k, _key), owner in people.items() if k == kind} for kind, _key in people}
    assert by_kind["email"] < by_kind["external"] == by_kind["anonymous"]
    assert len(by_kind["external"]) == 2
    identify, alias, viewed, device = shop.stored()
    assert identify["person_key"] == viewed["person_key"] != alias["person_key"]
    assert json.loads(identify["properties"]) == {"plan": "gold"}
    assert json.loads(viewed["properties"]) == {"sku": "7"}
    assert json.loads(device["context"]) == {"locale": "en"}
    assert device["person_key"] == device["anonymous_id"]
    assert (viewed["source"], str(viewed["local_date"])) == (shop.source, "2026-11-27")
    (refused,) = shop.rejected()
    assert (refused["code"], refused["batch_id"]) == ("unusable_id", f"{shop.source}:1")
    drain()
    everything = json.dumps([shop.stored(), shop.rejected()], default=str)
    assert not [word for word in ("ann@", "Ann", "device-", "c-1", "10.0.0") if word in everything]
    assert {event.state for event in recent_events(shop.source, at=AT)} == {"accepted", "quarantined"}


def test_a_repeated_event_is_dropped_within_its_request_its_part_and_later(shop):
    shop.put(track(1), track(1))
    shop.put(track(1), track(2))
    shop.put(track(2), track(3), segment=2)
    assert load_all(at=AT) == 3
    assert [row["message_id"] for row in shop.stored()] == ["m0001", "m0002", "m0003"]
    assert shop.counts() == (3, 3, 0)
    assert load_once(at=AT).size == 0
    assert loader_lag().bytes == 0


def test_the_same_id_of_another_source_is_another_event(shop):
    other = create_source(actor=SYSTEM, at=AT, account_id=shop.account.id, name="App", kind="mobile")
    shop.put(track(1))
    shop.put(track(1), source=other)
    assert load_all(at=AT) == 2


class Killed(BaseException):
    """Ends a step at once, as SIGKILL would: nothing below catches it."""


STEPS = ("known_sources", "land_persons", "with_keys", "settle", "append_rejected", "append_events")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_loader_that_dies_at_any_step_loses_and_doubles_nothing(shop, monkeypatch, step, when):
    """Each line of the table in docs/algorithms/collector.md."""
    expect_event(
        actor=SYSTEM,
        at=AT,
        source_id=shop.source,
        name="Viewed",
        properties=[PropertyRule(name="n", is_required=True)],
    )
    shop.put(track(0), track(1), BAD)
    load_once(at=AT)
    shop.put(*(track(n) for n in range(1, 30)), BAD, {**BAD, "type": "x"})
    real = getattr(loading, step)

    def dying(*args, **kwargs):
        if when == "after":
            real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(loading, step, dying)
        with pytest.raises(Killed):
            load_once(at=AT)
    # More arrives while nobody loads, so that the next part is longer than the one that was begun.
    shop.put(*(track(n) for n in range(25, 40)), BAD)
    load_all(at=AT)
    assert [row["message_id"] for row in shop.stored()] == [f"m{n:04}" for n in range(40)]
    assert shop.counts() == (40, 6, 4)
    assert sum(PlanViolation.objects.values_list("count", flat=True)) == 40
    assert len({(row["row_no"], row["code"]) for row in shop.rejected()}) == len(shop.rejected()) == 4


def test_commits_that_the_lake_lost_are_loaded_again(shop):
    for number in range(25):
        shop.put(track(number))
        load_once(at=AT)
    tend_spool(at=AT)
    app = transaction_app(spool())
    lost = lake().transaction_version("events", app)
    log = lake().path("events") / "_delta_log"
    kept = None
    # As after a power cut: the newest commits are gone, the compaction first.
    for entry in sorted(log.glob("*.json"), reverse=True):
        if kept is not None and kept <= lost - 5 * 200:
            break
        entry.unlink()
        kept = lake().transaction_version("events", app)
    assert 0 < kept < lost
    load_all(at=AT)
    assert [row["message_id"] for row in shop.stored()] == [f"m{n:04}" for n in range(25)]
    assert shop.counts()[0] == 25


def test_what_was_seen_is_made_from_the_lake_if_it_is_gone(shop):
    shop.put(*(track(n) for n in range(20)))
    load_all(at=AT)
    for path in (spool().folder / "seen").iterdir():
        path.unlink()
    shop.put(*(track(n) for n in range(10, 25)))
    load_all(at=AT)
    assert [row["message_id"] for row in shop.stored()] == [f"m{n:04}" for n in range(25)]


def test_only_one_loader_at_a_time(shop):
    with spool().lock("loader"), pytest.raises(SpoolBusy):
        load_once(at=AT)


def test_without_the_lock_the_lake_itself_lets_only_one_of_two_loaders_win(shop, monkeypatch):
    """Sabotage: the first loader stands just before its commit while a second one does everything."""
    shop.put(*(track(n) for n in range(10)))
    real, nested = loading.append_events, []

    def overtaken(*args, **kwargs):
        if not nested:
            nested.append(True)
            monkeypatch.setattr(type(spool()), "lock", _no_lock)
            load_once(at=AT)
        return real(*args, **kwargs)

    monkeypatch.setattr(loading, "append_events", overtaken)
    load_once(at=AT)
    assert [row["message_id"] for row in shop.stored()] == [f"m{n:04}" for n in range(10)]
    assert shop.counts() == (10, 0, 0)


class _no_lock:  # noqa: N801 - stands for a function.
    def __init__(self, *args: object, **kwargs: object) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...


def test_answers_to_a_banner_are_told_with_the_key_of_who_gave_them(shop):
    told: list[ConsentReported] = []
    bus.subscribe(ConsentReported)(told.append)
    try:
        shop.put(
            track(
                1,
                userId=None,
                anonymousId="d1",
                event="Consent Preference Updated",
                context={"consent": {"categoryPreferences": {"analytics": True}, "gpc": False}},
                properties={"text": "We ask."},
            )
        )
        load_once(at=AT)
    finally:
        bus._subscribers[ConsentReported].remove(told.append)
    (answer,) = told
    assert answer.person_key == shop.stored()[0]["person_key"]
    assert (answer.preferences, answer.account_id) == ({"analytics": True}, shop.account.id)
    assert answer.evidence == {"text": "We ask.", "gpc": "false", "message_id": "m0001"}


def test_violations_are_counted_and_capped_and_drop_nothing(shop, monkeypatch):
    from shuke.apps.collector.operations import counting

    monkeypatch.setattr(counting, "MOST_VIOLATIONS", 5)
    rules = [PropertyRule(name="total", type="number", is_required=True)]
    expect_event(actor=SYSTEM, at=AT, source_id=shop.source, name="Order", properties=rules)
    shop.put(
        *(track(n, event=f"made up {n}") for n in range(20)),
        track(20, event="Order", properties={"total": 1}),
    )
    assert load_all(at=AT) == 21
    counts = dict(PlanViolation.objects.values_list("event", "count"))
    assert (len(counts), sum(counts.values()), counts["…"]) == (6, 20, 15)


def test_a_web_key_does_not_change_people(shop):
    shop.put({"type": "identify", "userId": "c", "messageId": "1", "traits": {"email": "ann@example.com"}})
    load_all(at=AT)
    stranger = {"type": "identify", "userId": "x", "anonymousId": "d", "messageId": "2"}
    shop.put({**stranger, "traits": {"email": "ann@example.com", "name": "Mallory"}}, role="web")
    load_all(at=AT)
    owners = dict(Identifier.objects.values_list("kind", "member_id").filter(kind__in=["email", "anonymous"]))
    assert owners["email"] != owners["anonymous"]


def test_erased_people_leave_the_spool_and_do_not_come_back_through_what_the_loader_remembers(shop):
    shop.put(track(1, userId="gone-4711"), track(2, userId="stays"))
    load_all(at=AT)
    shop.put(track(3, userId="gone-4711", properties={"m": "ann@example.com"}), track(4, userId="stays"))
    traces = (
        Trace(
            "mem_1",
            (
                Traced("external", "gone-4711", scope=shop.account.id),
                Traced("email", "ann@example.com", scope="global"),
            ),
        ),
    )
    assert erase_from_spool(traces) == 2
    held = b"".join(path.read_bytes() for path in spool().folder.rglob("*") if path.is_file())
    assert b"gone-4711" not in held
    assert b"ann@example.com" not in held
    Identifier.objects.filter(kind="external").exclude(member=None).delete()
    load_all(at=AT)
    assert [row["message_id"] for row in shop.stored()] == ["m0001", "m0002", "m0004"]
    keys = {row["message_id"]: row["person_key"] for row in shop.stored()}
    # The key of the first part was forgotten together with the erasure, or both would be one.
    assert keys["m0002"] != keys["m0004"]
    assert erase_from_spool(traces) == 0


def test_events_of_a_source_that_is_gone_are_put_aside(shop):
    shop.put(track(1), source="src_gone")
    shop.put(track(2))
    assert load_all(at=AT) == 1
    assert [row["code"] for row in shop.rejected()] == ["unknown_source"]
