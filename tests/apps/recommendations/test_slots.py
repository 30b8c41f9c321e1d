"""Setting slots up: what is refused, what is kept, and the life of their experiments."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shuke.apps.experiments.queries import experiment
from shuke.apps.recommendations.operations.slots import (
    ChangedMeanwhile,
    change_slot,
    create_slot,
    delete_slot,
    go_live,
    pause,
)
from shuke.apps.recommendations.queries.slots import NotLive, live_slot, slot, slots
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.audit.queries import audit_entries
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM, Actor
from tests.threads import at_once

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
ANN = Actor(kind="user", id="7", name="Ann", role="marketer")
ONE = [{"name": "usual", "strategy": "repeat-ranker"}]
TWO = [
    {"name": "usual", "strategy": "repeat-ranker", "weight": 9},
    {"name": "new", "strategy": "up-cf", "weight": 1},
]


def setup(**given: Any) -> SlotInput:
    return SlotInput.model_validate({"code": "for-you", "name": "For you", "arms": ONE} | given)


def made(**given: Any) -> Any:
    return create_slot(actor=SYSTEM, at=AT, slot=setup(**given))


def changed(version: int, actor: Actor = SYSTEM, **given: Any) -> Any:
    at = AT + timedelta(hours=version)
    return change_slot(actor=actor, at=at, code="for-you", slot=setup(**given), version=version)


FAULTY: dict[str, dict[str, Any]] = {
    "reserved_code": {"code": "slots"},
    "equal_arms": {"arms": [*ONE, *ONE]},
    "no_weight": {"arms": [ONE[0] | {"weight": 0}]},
    "unknown_strategy": {"arms": [{"name": "a", "strategy": "similar"}]},
    "unknown_fallback": {"fallbacks": ["thompson"]},
    "named_twice": {"fallbacks": ["popularity", "popularity"]},
    "bandit_needs_two": {"arms": [{"name": "a", "strategy": "thompson"}], "bandit": ["up-cf"]},
    "nothing_pinned": {"arms": [{"name": "a", "strategy": "set-by-people"}]},
    "pinned_and_barred": {"rules": {"pinned_products": ["1", "2"], "barred_products": ["2"]}},
    "more_new_than_places": {"places": 3, "rules": {"new_places": 4}},
    "odd_age": {"rules": {"minimum_ages": {"BEER": 180}}},
    "equal_boosts": {"rules": {"boosts": [{"name": "a", "percent": 120, "kinds": ["TEA"]}] * 2}},
    "boost_of_nothing": {"rules": {"boosts": [{"name": "a", "percent": 120}]}},
}


@pytest.mark.once
@pytest.mark.parametrize("code", FAULTY)
def test_a_set_up_that_could_not_go_live_is_refused_with_the_field_and_a_sentence(db, code):
    with pytest.raises(Invalid) as refused:
        made(**FAULTY[code])
    assert code in refused.value.details["codes"]
    (field,) = refused.value.details["fields"]
    assert "{" not in str(refused.value.message)
    assert field in {*SlotInput.model_fields, *type(setup().rules).model_fields}
    assert slots() == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("about", "strategy"),
    [
        ("member", "replenishment-due"),
        ("product", "similar"),
        ("basket", "complements"),
        ("segment", "popularity"),
    ],
)
def test_a_slot_uses_what_answers_for_what_it_is_about(db, about, strategy):
    made(about=about, arms=[{"name": "a", "strategy": strategy}])
    assert slot("for-you").about == about


@pytest.mark.once
def test_a_new_slot_is_a_draft_that_answers_nobody(db):
    view = made(rules={"barred_products": ["no-such-product"]})
    assert (view.state, view.version, view.experiment_id) == ("draft", 1, "")
    assert slot("for-you") == view
    assert view.rules.barred_products == ["no-such-product"]
    with pytest.raises(NotLive) as refused:
        live_slot("for-you")
    assert refused.value.status == 409
    with pytest.raises(NotFound):
        slot("other")
    with pytest.raises(NotFound):
        live_slot("other")


def test_a_code_is_given_once(db):
    made()
    with pytest.raises(Refused) as refused:
        made(name="Another")
    assert refused.value.code == "code_taken"
    assert [view.name for view in slots()] == ["For you"]


def test_two_weighted_arms_have_an_experiment_as_long_as_they_stay_the_same(db):
    made(arms=TWO)
    first = go_live(actor=SYSTEM, at=AT, code="for-you")
    begun = experiment(first.experiment_id)
    assert begun.weights == {"usual": 9, "new": 1}
    assert begun.salt == begun.id
    other_rules = changed(1, arms=TWO, rules={"cap": 5})
    assert other_rules.experiment_id == first.experiment_id
    paused = pause(actor=SYSTEM, at=AT, code="for-you")
    assert paused.experiment_id == first.experiment_id
    assert go_live(actor=SYSTEM, at=AT, code="for-you").experiment_id == first.experiment_id
    other_strategy = changed(2, arms=[TWO[0], TWO[1] | {"strategy": "fusion"}], rules={"cap": 5})
    assert experiment(first.experiment_id).state == "ended"
    assert other_strategy.experiment_id not in ("", first.experiment_id)
    one = changed(3, arms=ONE)
    assert one.experiment_id == ""
    assert experiment(other_strategy.experiment_id).state == "ended"


@pytest.mark.once
def test_arms_that_change_while_the_slot_is_paused_end_the_experiment_and_begin_one_when_it_goes_live(db):
    made(arms=TWO)
    first = go_live(actor=SYSTEM, at=AT, code="for-you").experiment_id
    pause(actor=SYSTEM, at=AT, code="for-you")
    assert changed(1, arms=[TWO[0] | {"weight": 1}, TWO[1]]).experiment_id == ""
    assert experiment(first).state == "ended"
    second = go_live(actor=SYSTEM, at=AT, code="for-you").experiment_id
    assert experiment(second).weights == {"usual": 1, "new": 1}


@pytest.mark.once
def test_an_arm_without_weight_does_not_compete(db):
    made(arms=[TWO[0], TWO[1] | {"weight": 0}])
    assert go_live(actor=SYSTEM, at=AT, code="for-you").experiment_id == ""


def test_a_change_on_an_older_version_is_refused_with_who_changed_it(db):
    made()
    assert changed(1, actor=ANN, places=5).version == 2
    with pytest.raises(ChangedMeanwhile) as refused:
        changed(1, places=7)
    assert refused.value.details["changed_by"] == "Ann"
    assert "Ann" in str(refused.value.message)
    assert slot("for-you").places == 5


@pytest.mark.once
def test_the_same_set_up_makes_no_new_version(db):
    made()
    assert changed(1).version == 1
    assert [entry.verb for entry in audit_entries()[0]] == ["slot.created"]


@pytest.mark.once
def test_the_code_stays_and_what_a_live_slot_is_about_stays(db):
    made()
    with pytest.raises(Refused) as refused:
        change_slot(actor=SYSTEM, at=AT, code="for-you", slot=setup(code="other"), version=1)
    assert refused.value.code == "code_is_fixed"
    assert changed(1, about="basket").about == "basket"
    go_live(actor=SYSTEM, at=AT, code="for-you")
    with pytest.raises(Refused) as refused:
        changed(2, about="member")
    assert refused.value.code == "about_is_fixed"


@pytest.mark.once
def test_a_draft_can_be_deleted_and_a_slot_that_was_live_only_paused(db):
    made()
    with pytest.raises(Refused) as refused:
        pause(actor=SYSTEM, at=AT, code="for-you")
    assert refused.value.code == "never_live"
    delete_slot(actor=SYSTEM, at=AT, code="for-you")
    assert slots() == []
    made()
    go_live(actor=SYSTEM, at=AT, code="for-you")
    assert live_slot("for-you").state == "live"
    pause(actor=SYSTEM, at=AT, code="for-you")
    with pytest.raises(Refused) as refused:
        delete_slot(actor=SYSTEM, at=AT, code="for-you")
    assert refused.value.code == "was_live"


@pytest.mark.once
def test_the_audit_says_what_changed_of_the_rules_only(db):
    made()
    changed(1, rules={"cap": 3})
    go_live(actor=ANN, at=AT + timedelta(days=1), code="for-you")
    entries = audit_entries()[0]
    assert [entry.verb for entry in entries] == ["slot.started", "slot.changed", "slot.created"]
    assert entries[1].changes == {"cap": [2, 3], "version": [1, 2]}


@pytest.mark.django_db(transaction=True)
def test_of_four_who_save_at_the_same_time_three_are_told(lake_home):
    made()
    outcomes = at_once(lambda number: f"saved {changed(1, places=3 + number).version}", 4, tills=4)
    assert outcomes == {"saved 2": 1, "changed_meanwhile": 3}
