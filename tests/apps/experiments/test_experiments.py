from datetime import UTC, datetime

import pytest

from shuke.apps.experiments.operations import change_arms, create_experiment, end_experiment, expose
from shuke.apps.experiments.queries import assignments, experiment
from shuke.apps.experiments.schemas import Arm, control_arms
from shuke.platform.errors import NotFound, Refused
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM

AT = datetime(2025, 3, 1, 8, tzinfo=UTC)
ARMS = (Arm("control", 1), Arm("treated", 9))
pytestmark = pytest.mark.django_db


def made(**more):
    return create_experiment(actor=SYSTEM, at=AT, name="Spring", **{"arms": ARMS, **more})


def told():
    return [
        row
        for payload in OutboxRow.objects.filter(table="exposures")
        .order_by("pk")
        .values_list("payload", flat=True)
        for row in payload
    ]


def test_the_same_members_get_the_same_arms_every_time():
    found = made()
    members = [f"mem_{number}" for number in range(500)]
    first = assignments(found.id, members)
    assert first == assignments(found.id, reversed(members))
    assert 20 <= list(first.values()).count("control") <= 90


def test_a_shared_salt_is_a_shared_control_group_and_else_each_has_its_own_coin():
    members = [f"mem_{number}" for number in range(500)]
    one, two, own = made(salt="lasting"), made(salt="lasting"), made()
    assert assignments(one.id, members) == assignments(two.id, members) != assignments(own.id, members)


def test_an_exposure_is_told_to_the_lake_under_the_members_key():
    found = made()
    keys = {"mem_a": "pk_a", "mem_b": "pk_b"}
    count = expose(
        experiment_id=found.id,
        campaign_id="cmp_1",
        at=AT,
        assignments={"mem_a": "treated", "mem_b": "control", "mem_c": "control"},
        person_keys=keys,
    )
    assert count == 2
    assert {(row["person_key"], row["arm"], row["is_randomised"]) for row in told()} == {
        ("pk_a", "treated", True),
        ("pk_b", "control", True),
    }
    assert experiment(found.id).state == "running"


def test_what_chance_did_not_decide_is_never_told_as_random():
    found = made(is_randomised=False)
    expose(
        experiment_id=found.id, campaign_id=None, at=AT, assignments={"m": "treated"}, person_keys={"m": "k"}
    )
    assert [row["is_randomised"] for row in told()] == [False]


def test_arms_are_fixed_once_it_runs_and_nobody_is_exposed_once_it_ended():
    found = made()
    change_arms(actor=SYSTEM, at=AT, experiment_id=found.id, arms=(Arm("control", 1), Arm("a", 1)))
    expose(experiment_id=found.id, campaign_id=None, at=AT, assignments={"m": "a"}, person_keys={"m": "k"})
    with pytest.raises(Refused) as refused:
        change_arms(actor=SYSTEM, at=AT, experiment_id=found.id, arms=ARMS)
    assert refused.value.code == "arms_are_fixed"
    end_experiment(actor=SYSTEM, at=AT, experiment_id=found.id)
    with pytest.raises(Refused) as refused:
        expose(
            experiment_id=found.id, campaign_id=None, at=AT, assignments={"m": "a"}, person_keys={"m": "k"}
        )
    assert refused.value.code == "experiment_ended"
    assert len(told()) == 1


@pytest.mark.parametrize(
    ("arms", "code"),
    [((), "unfit_arms"), ((Arm("a", 0),), "unfit_arms"), ((Arm("A b", 1),), "unfit_arm_name")],
)
def test_nonsense_arms_are_refused(arms, code):
    with pytest.raises(Refused) as refused:
        made(arms=arms)
    assert refused.value.code == code


def test_unknown_experiments_and_arms_are_refused():
    with pytest.raises(NotFound):
        experiment("exp_none")
    with pytest.raises(Refused) as refused:
        expose(
            experiment_id=made().id, campaign_id=None, at=AT, assignments={"m": "x"}, person_keys={"m": "k"}
        )
    assert refused.value.code == "unknown_arm"


def test_a_control_share_holds_exactly_for_several_treatments():
    arms = control_arms(control_percent=10, treatments=("mens", "womens"))
    assert [(arm.name, arm.weight) for arm in arms] == [("control", 20), ("mens", 90), ("womens", 90)]
    assert [arm.name for arm in control_arms(control_percent=0)] == ["treated"]
    with pytest.raises(ValueError, match="control share"):
        control_arms(control_percent=100)
