"""Answers on their way to the lake: each once, none lost, and people can be taken out of them."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from shuke.apps.experiments.operations import create_experiment, end_experiment
from shuke.apps.experiments.rules import Arm
from shuke.apps.identity.operations import resolve_person_keys
from shuke.apps.identity.queries import find_members
from shuke.apps.recommendations.operations import loading
from shuke.apps.recommendations.operations.forgetting import forget_in_lists
from shuke.apps.recommendations.operations.listing import record_lists
from shuke.apps.recommendations.operations.loading import load_all_lists, load_lists, tend_lists
from shuke.apps.recommendations.operations.message_lists import record_message_lists
from shuke.apps.recommendations.queries.list_spools import device_key, list_root, spools
from shuke.apps.recommendations.schemas import Answer, Listed, RecommendedItem
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.privacy import Trace, Traced
from shuke.platform.warehouse import lake
from tests.apps.recommendations.noting import AT

ROOT = Path(__file__).parents[3]
ITEMS = (
    RecommendedItem("p1", "Tea", 1, 0.5, "fusion"),
    RecommendedItem("p2", "Rice", 2, 0.4, "fusion", propensity=0.02),
)
ANSWER = Answer(
    "home", "lst_1", "bdl_1", AT.date(), "a", "fusion", "", ITEMS, strategy_chance=0.7, slot_version=3
)


@pytest.fixture
def home(lake_home, tmp_path, settings):
    """A home of its own for spools and lake."""
    settings.SHUKE_HOME = tmp_path
    loading._told.clear()
    return tmp_path


def listed() -> list[dict]:
    with lake().read() as snapshot:
        return sorted(
            snapshot.table("recommendation_lists").to_pyarrow().to_pylist(), key=lambda row: row["list_id"]
        )


def member(address: str) -> tuple[str, str]:
    """A new member's id and key."""
    keys = resolve_person_keys(at=AT, scope="global", kind="email", values=[address], source="test")
    return find_members(address)[0], keys[address]


def test_an_answer_is_a_row_of_the_lake_with_all_that_must_be_known_to_read_it(db, home):
    ann, key = member("ann@example.com")
    listed_to = [
        Listed(ANSWER, ann, "phone-of-ann"),
        Listed(replace(ANSWER, list_id="lst_2", items=ITEMS[:1]), "", "phone-of-a-stranger"),
        Listed(replace(ANSWER, list_id="lst_3", fallback="no_bundle", bundle_id="", items=()), "mem_unknown"),
    ]
    assert record_lists(listed_to, at=AT)
    assert load_all_lists() == 3
    first, second, third = listed()
    assert {name: first[name] for name in ("slot", "slot_version", "arm", "strategy", "strategy_chance")} == {
        "slot": "home", "slot_version": 3, "arm": "a", "strategy": "fusion", "strategy_chance": 0.7,
    }  # fmt: skip
    assert first["person_key"] == key
    assert first["product_ids"] == ["p1", "p2"]
    assert (first["explored_place"], first["explored_chance"]) == (2, 0.02)
    assert (first["listed_at"], first["local_date"]) == (AT, AT.date())
    assert (second["person_key"], second["explored_place"]) == (None, None)
    assert second["anonymous_id"] == device_key("phone-of-a-stranger")
    assert (third["person_key"], third["bundle_id"], third["product_ids"]) == (None, None, [])
    raw = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"phone-of" not in raw
    assert load_lists() == 0


def test_a_list_in_a_message_is_noted_as_one_in_a_shop_is(db, home):
    ann, key = member("ann@example.com")
    tried = tuple(replace(item, source="popular-bandit", propensity=0.25, moved=()) for item in ITEMS)
    drawn = replace(ANSWER, fallback="popular-bandit", items=tried, context="store:s1")
    assert record_message_lists({ann: [drawn]}, at=AT, person_keys={ann: key}) == 1
    drain()
    assert record_lists([Listed(replace(drawn, list_id="lst_shop"), ann, "")], at=AT)
    assert load_all_lists() == 1
    sent, shown = listed()
    assert json.loads(sent["product_chances"]) == {"p1": 0.25, "p2": 0.25}
    assert (sent["context"], sent["explored_place"]) == ("store:s1", None)
    assert {name for name in sent if sent[name] != shown[name]} <= {"list_id", "anonymous_id"}


def test_who_meets_an_experiment_is_exposed_once(db, home):
    arms = [Arm("a", 1), Arm("b", 1)]
    experiment = create_experiment(actor=SYSTEM, at=AT, name="Home", arms=arms).id
    ann, key = member("ann@example.com")
    bob, _key = member("bob@example.com")

    def note(who: str, number: int, arm: str = "a") -> None:
        answer = replace(ANSWER, list_id=f"lst_{number}", experiment_id=experiment, arm=arm)
        assert record_lists([Listed(answer, who, "device")], at=AT)
        load_all_lists()
        drain()

    for number, who in enumerate([ann, "", ann, bob, ann]):
        note(who, number, "b" if who == bob else "a")
    loading._told.clear()  # Another process: it asks the lake.
    note(ann, 9)
    with lake().read() as snapshot:
        rows = snapshot.table("exposures").to_pyarrow().to_pylist()
    assert sorted(row["arm"] for row in rows) == ["a", "b"]
    (of_ann,) = [row for row in rows if row["person_key"] == key]
    assert (of_ann["experiment_id"], of_ann["eligible_at"], of_ann["is_randomised"]) == (experiment, AT, True)
    end_experiment(actor=SYSTEM, at=AT, experiment_id=experiment)
    cas, _key = member("cas@example.com")
    note(cas, 10)
    assert len(listed()) == 7


@pytest.mark.once
def test_a_loader_that_dies_between_two_steps_loads_nothing_twice(db, home, monkeypatch):
    assert record_lists([Listed(replace(ANSWER, list_id=f"lst_{n}")) for n in range(5)], at=AT)

    def dies(*_a, **_k):
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("shuke.lake.Lake.append", dies)
        with pytest.raises(RuntimeError):
            load_lists()
    assert load_all_lists() == 5
    assert record_lists([Listed(replace(ANSWER, list_id="lst_5"))], at=AT)
    assert load_all_lists() == 1
    assert [row["list_id"] for row in listed()] == [f"lst_{n}" for n in range(6)]


@pytest.mark.once
def test_what_was_acknowledged_is_in_the_lake_once_after_kills(db, home):
    """Two processes at a time with threads that note answers, killed in the midst of it, again and again."""
    told: list[str] = []
    command = [sys.executable, "-m", "tests.apps.recommendations.noting", "4"]
    environment = os.environ | {"SHUKE_HOME": str(home)}
    for _round in range(2):
        running = [
            subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        # Killed in the midst of it, after the same number of lines on a quick machine and on a busy one.
        first = [p.stdout.readline().strip() for _ in range(15) for p in running if p.stdout]
        for process in running:
            process.kill()
        # From where the last line was read: ``communicate`` would leave out what was read ahead, and begin in mid-line.
        rest = [process.stdout.read().split("\n") for process in running if process.stdout]
        for process in running:
            process.communicate()
        # The last line may be torn by the kill.
        told += [*first, *(line for lines in rest for line in lines[:-1] if line)]
        load_all_lists()
    load_all_lists()
    found = Counter(row["list_id"] for row in listed())
    assert len(told) > 40
    assert set(found.values()) == {1}
    assert set(told) <= set(found)
    assert len(spools()) == 2


@pytest.mark.once
def test_an_answer_that_cannot_be_kept_says_so(db, home):
    list_root().write_text("not a folder")
    assert not record_lists([Listed(ANSWER)], at=AT)


@pytest.mark.once
def test_a_forgotten_person_is_in_no_spool_and_their_devices_in_no_row(db, home):
    ann, _key = member("ann@example.com")
    bob, _key = member("bob@example.com")

    def note(*numbers: int) -> None:
        for number in numbers:
            noted = [
                Listed(replace(ANSWER, list_id=f"ann_{number}"), ann, "anns-phone"),
                Listed(replace(ANSWER, list_id=f"device_{number}"), "", "anns-phone"),
                Listed(replace(ANSWER, list_id=f"bob_{number}"), bob, "bobs-phone"),
            ]
            assert record_lists(noted, at=AT)

    note(1)
    load_all_lists()
    note(2)
    trace = Trace(ann, (Traced("anonymous", "anns-phone"),), ())
    assert forget_in_lists([trace]) == 6  # Four records, two rows.
    in_spools = b"".join(path.read_bytes() for path in list_root().rglob("*.seg"))
    assert bob.encode() in in_spools
    assert ann.encode() not in in_spools
    assert device_key("anns-phone").encode() not in in_spools
    assert load_all_lists() == 1
    assert [row["list_id"] for row in listed()] == ["bob_1", "bob_2"]
    note(3)
    load_all_lists()
    assert forget_in_lists([trace]) == 4


@pytest.mark.once
def test_segments_stay_a_week_after_they_were_loaded(db, home):
    assert record_lists([Listed(ANSWER)], at=AT)
    (held,) = spools()
    load_all_lists()
    for _ in range(2):
        held.roll(wait_seconds=240)
        assert record_lists([Listed(replace(ANSWER, list_id="lst_x"))], at=AT)
    load_all_lists()
    assert tend_lists(at=AT.now(tz=AT.tzinfo)) == 0
    old = time.time() - 8 * 86_400
    for number in held.segments():
        os.utime(held.path(number), (old, old))
    assert tend_lists(at=AT.now(tz=AT.tzinfo)) >= 1
    assert load_all_lists() == 0
