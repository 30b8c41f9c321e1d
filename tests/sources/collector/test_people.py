"""What events say of people: traits, links, consent, plans; what was seen; and how people leave the spool."""

import json
from datetime import date

import pytest

from shuke.sources.collector import consent
from shuke.sources.collector.erasing import Wanted, erase_from_segment
from shuke.sources.collector.grants import Allowances, Grant, Grants, key_hash, presented_key
from shuke.sources.collector.plans import Rule, violations
from shuke.sources.collector.records import packed, records
from shuke.sources.collector.seen import MOST_RUNS, Seen
from shuke.sources.collector.traits import Person, persons
from shuke.sources.collector.unpacking import Said

SOURCE, OTHER = "src_one", "src_two"


def said(user, device, traits=None, *, role="server", previous=None, at=1) -> Said:
    return Said(0, SOURCE, role, user, device, previous, json.dumps(traits or {}).encode(), at)


def test_traits_become_a_row_of_a_member_list():
    given = {
        "email": "ann@example.com",
        "firstName": "Ann",
        "lastName": "Lee",
        "favouriteColour": "red",
        "address": {"city": "Wuhan", "street": "1 Road"},
        "birthday": "1990-02-01T00:00:00Z",
        "visits": 3,
        "vip": True,
        "list": [1],
        "contact": "bob@example.com",
    }
    (row,) = persons([said("1", "d", given)])
    assert row == Person(
        "1",
        "d",
        {
            "city": "Wuhan",
            "email": "ann@example.com",
            "attribute:favourite_colour": "red",
            "birthday": date(1990, 2, 1),
            "attribute:visits": "3",
            "attribute:vip": "true",
            "name": "Ann Lee",
        },
    )


def test_the_newest_trait_counts_and_rows_without_news_are_left_out():
    rows = persons(
        [said("1", "d", {"city": "Bath"}, at=2), said("1", "d", {"city": "Rome"}, at=1), said("2", None)]
    )
    assert rows == [Person("1", "d", {"city": "Bath"})]


def test_a_key_that_everybody_can_read_links_and_says_nothing():
    traits = {"email": "victim@example.com", "plan": "gold"}
    assert persons([said("1", "d", traits, role="web")]) == [Person("1", "d", {})]
    assert persons([said("1", None, traits, role="web"), said(None, "d", traits, role="web")]) == []
    assert persons([said("1", "d", traits, role="trusted_web")])[0].fields["email"] == "victim@example.com"


def test_alias_links_the_id_before():
    assert persons([said("1", None, previous="old"), said("1", "d", previous=None)]) == [
        Person("1", "old", {}),
        Person("1", "d", {}),
    ]


def test_answers_to_a_consent_banner():
    context = {
        "consent": {"categoryPreferences": {"analytics": True, "ads": False, "odd": "yes"}, "gpc": True},
        "page": {"url": "https://shop.example/?token=1"},
    }
    found = consent.answer(context=json.dumps(context).encode(), properties=b'{"text":"We ask."}')
    assert found == consent.Answer(
        {"analytics": True, "ads": False}, {"text": "We ask.", "url": "https://shop.example/", "gpc": "true"}
    )
    assert consent.answer(context=b"null", properties=b"{}") is None
    assert consent.answer(context=b"\xff", properties=b"[") is None


PLAN = {
    "Order": {"total": Rule("number", is_required=True), "items": Rule("list"), "at": Rule("time")},
    "Seen": {},
}


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("Order", {"total": 1.5, "items": [], "at": "2026-01-01"}, []),
        ("Order", {"total": True}, [("wrong_type", "total")]),
        ("Order", {"at": "soon"}, [("missing_property", "total"), ("wrong_type", "at")]),
        ("Order", {"total": 1, "items": {}}, [("wrong_type", "items")]),
        ("Order", {"total": 1, "more": None}, [("unexpected_property", "more")]),
        ("Seen", {"anything": 1}, []),
        ("Odd", {}, [("unexpected_event", "")]),
    ],
)  # fmt: skip
def test_plans(name, properties, expected):
    assert list(violations(PLAN, name=name, properties=properties)) == expected
    assert list(violations({}, name=name, properties=properties)) == []


def test_keys_and_allowances():
    grants = Grants()
    grants.replace({key_hash("wk_1"): Grant(SOURCE, "web", 10)})
    assert grants.find("wk_1") == Grant(SOURCE, "web", 10)
    assert [grants.find(key) for key in ("", "wk_2", "\ud800", key_hash("wk_1"))] == [None] * 4
    grants.replace({})
    assert grants.find("wk_1") is None
    allowances, grant = Allowances(), Grant(SOURCE, "web", 10)
    assert allowances.take(grant, 200, now=0.0) == 0.0
    assert allowances.take(grant, 1, now=0.0) == pytest.approx(15.0)
    assert allowances.take(grant, 1, now=14.0) == pytest.approx(1.0)
    assert allowances.take(grant, 1, now=15.2) == 0.0
    assert allowances.take(Grant(OTHER, "web"), 10**9, now=0.0) == 0.0


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"Basic d2s6", "wk"),
        (b"basic d2s6c2VjcmV0", "wk"),
        (b"Bearer  wk ", "wk"),
        (b"Basic !!", ""),
        (b"Digest x", ""),
        (b"", ""),
    ],
)
def test_keys_in_headers(header, key):
    assert presented_key(header) == key


def test_what_was_seen_counts_once_its_part_is_in_the_lake(tmp_path):
    seen = Seen(tmp_path / "seen")
    assert seen.is_new
    seen.begin()
    ids = [f"m{n}" for n in range(100)]
    hashes = seen.hashes([SOURCE] * 100, ids)
    assert seen.hashes([OTHER] * 100, ids)[0].tolist() != hashes[0].tolist()
    seen.keep(hashes[:50], after=1000, day=5)
    assert not seen.known(hashes, position=1000).any()
    assert seen.known(hashes, position=1001).tolist() == [True] * 50 + [False] * 50
    seen.keep(hashes[:70], after=1000, day=5)
    assert seen.known(hashes, position=5000).sum() == 70
    assert Seen(tmp_path / "seen").known(hashes, position=5000).sum() == 70
    assert not seen.drop_uncounted(position=1000)
    assert not seen.known(hashes, position=5000).any()


def test_runs_are_joined_by_day_and_old_days_go(tmp_path):
    seen = Seen(tmp_path / "seen")
    seen.begin()
    hashes = seen.hashes([SOURCE] * 200, [f"m{n}" for n in range(200)])
    for number in range(MOST_RUNS + 10):
        seen.keep(hashes[number : number + 1], after=number, day=5 if number < 30 else 6)
    seen.tend(today=6, position=10**6)
    assert len(seen.runs()) == 2
    assert seen.known(hashes, position=10**6).sum() == MOST_RUNS + 10
    # A joined run of which the lake lost the newest part is worth nothing, and must be made anew.
    assert seen.drop_uncounted(position=MOST_RUNS)
    seen.begin()
    hashes = seen.hashes([SOURCE] * 200, [f"m{n}" for n in range(200)])
    seen.keep_rebuilt(hashes[:5], day=5)
    assert seen.known(hashes, position=0).sum() == 5
    seen.tend(today=40, position=0)
    assert seen.runs() == []


def segment(*bodies: object) -> bytes:
    return b"".join(
        packed(
            received_at=1,
            kind=kind,
            role="web",
            source=source,
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        )
        for kind, source, body in bodies
    )


def test_people_leave_a_segment_and_nothing_else_moves(tmp_path):
    path = tmp_path / "000000000001.seg"
    stays = {"userId": "50", "properties": {"quantity": "5", "order": "C-20261127"}, "messageId": "stays"}
    batch = {
        "sentAt": "2026-11-27",
        "batch": [
            {"userId": "5", "messageId": "by id"},
            stays,
            {"anonymousId": "x", "properties": {"note": "call +86 138-0013-8000 please"}},
            {"anonymousId": "x", "traits": {"Email": "ANN@example.com"}},
            {"anonymousId": "x", "properties": {"customer": "customer-4711"}},
        ],
    }
    escaped = b'{"anonymousId":"x","traits":{"email":"\\u0061nn@example.com"}}'
    path.write_bytes(
        segment(
            (b"b", SOURCE, batch),
            (b"t", OTHER, {"userId": "5", "event": "of another account"}),
            (b"i", SOURCE, escaped),
            (b"t", SOURCE, {"userId": "6"}),
        )
    )
    before = list(records(path.read_bytes()))
    wanted = Wanted(["ann@example.com", "+8613800138000"], {SOURCE: frozenset({"5", "customer-4711"})})
    assert erase_from_segment(path, wanted) == 2
    after = list(records(path.read_bytes()))
    assert [item.end for item in after] == [item.end for item in before]
    assert json.loads(after[0].body) == {"sentAt": "2026-11-27", "batch": [stays]}
    assert json.loads(after[2].body) == {}
    assert [after[1], after[3]] == [before[1], before[3]]
    assert erase_from_segment(path, wanted) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
