from datetime import UTC, datetime, timedelta

import ibis
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.persons import (
    current_attributes,
    current_consents,
    current_identity,
    members,
    speaking_members,
    with_member,
)
from tests.science.conftest import arrow
from tests.series import examples

START = datetime(2024, 1, 1, tzinfo=UTC)

histories = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["m1", "m2", "m3"]), st.integers(0, 5)), max_size=15
)


def identity(history):
    rows = [{"person_key": k, "member_id": m, "valid_from": START + timedelta(days=d)} for k, m, d in history]
    return ibis.memtable(arrow("identity_map", rows))


@settings(max_examples=examples(20), deadline=None)
@given(histories)
def test_the_newest_row_of_a_key_counts_in_any_order(history):
    expected = {}
    for key, member, day in history:
        expected[key] = max(expected.get(key, (-1, "")), (day, member))
    for order in (history, history[::-1]):
        found = current_identity(identity(order)).to_pyarrow().to_pylist()
        assert {row["person_key"]: row["member_id"] for row in found} == {
            k: m for k, (_, m) in expected.items()
        }
        assert len(found) == len(expected)


@settings(max_examples=examples(20), deadline=None)
@given(histories, st.lists(st.sampled_from("abcdef"), max_size=20))
def test_with_member_neither_doubles_nor_invents_facts(history, keys):
    rows = [
        {"message_id": str(i), "person_key": key, "occurred_at": START, "received_at": START}
        for i, key in enumerate(keys)
    ]
    owner = {
        row["person_key"]: row["member_id"]
        for row in current_identity(identity(history)).to_pyarrow().to_pylist()
    }
    found = with_member(ibis.memtable(arrow("events", rows)), identity(history)).to_pyarrow().to_pylist()
    assert sorted((r["message_id"], r["member_id"]) for r in found) == sorted(
        (str(i), owner[key]) for i, key in enumerate(keys) if key in owner
    )


def test_a_merge_moves_facts_without_rewriting_them(table):
    before = [{"person_key": "a", "member_id": "m1"}, {"person_key": "b", "member_id": "m2"}]
    merged = [*before, {"person_key": "b", "member_id": "m1", "valid_from": START}]
    assert sorted(members(table("identity_map", before)).to_pyarrow()["member_id"].to_pylist()) == [
        "m1",
        "m2",
    ]
    assert members(table("identity_map", merged)).to_pyarrow()["member_id"].to_pylist() == ["m1"]


def test_a_withdrawal_at_the_same_instant_beats_the_grant(table):
    rows = [
        {"member_id": "m", "channel": "email", "purpose": "marketing", "state": state, "decided_at": START}
        for state in ("withdrawn", "granted")
    ]
    assert current_consents(table("consents", rows)).to_pyarrow()["state"].to_pylist() == ["withdrawn"]


def test_attributes_are_the_newest_over_all_identifiers(table):
    keys = table(
        "identity_map", [{"person_key": "a", "member_id": "m"}, {"person_key": "b", "member_id": "m"}]
    )
    told = table(
        "member_attributes",
        [
            {"person_key": "a", "attribute": "city", "value": "Suzhou", "observed_at": START},
            {
                "person_key": "b",
                "attribute": "city",
                "value": "Wuxi",
                "observed_at": START + timedelta(days=1),
            },
        ],
    )
    assert current_attributes(told, keys).to_pyarrow()["value"].to_pylist() == ["Wuxi"]


def test_a_merged_member_is_spoken_for_until_it_speaks_for_itself_again():
    rows = [
        {"person_key": key, "member_id": member, "kind": kind, "valid_from": START + timedelta(days=day)}
        for key, member, kind, day in [
            ("k1", "m1", "email", 0),
            ("m2", "m1", "member", 1),
            ("m3", "m1", "member", 1),
            ("m3", "m3", "member", 2),
        ]
    ]
    listed = ibis.memtable({"member_id": ["m1", "m2", "m3", "m9"], "note": ["a", "b", "c", "d"]})
    found = speaking_members(listed, ibis.memtable(arrow("identity_map", rows))).to_pyarrow().to_pylist()
    assert {row["note"]: row["member_id"] for row in found} == {"a": "m1", "b": "m1", "c": "m3", "d": "m9"}
