import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.science.assignment import Arm, assign_arm, assign_arms
from shuke.science.sample_ratio import sample_ratio

ARMS = (Arm("control", 1), Arm("a", 6), Arm("b", 3))
MEMBERS = [f"mem_{number}" for number in range(20_000)]


def test_assignments_never_change_between_versions():
    found = [assign_arm(salt="exp_x", member_id=member, arms=ARMS) for member in MEMBERS[:12]]
    assert found == ["b", "a", "a", "a", "b", "a", "control", "b", "b", "a", "a", "a"]


@given(st.text(), st.text(), st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any))
def test_an_arm_without_weight_is_never_given(salt, member, weights):
    arms = [Arm(str(number), weight) for number, weight in enumerate(weights)]
    name = assign_arm(salt=salt, member_id=member, arms=arms)
    assert weights[int(name)] > 0
    assert assign_arm(salt=salt, member_id=member, arms=arms) == name


def test_shares_keep_to_the_weights():
    arms = assign_arms(salt="s", member_ids=MEMBERS, arms=ARMS)
    counts = {arm.name: list(arms.values()).count(arm.name) for arm in ARMS}
    assert not sample_ratio(
        counts, weights={arm.name: arm.weight for arm in ARMS}, control="control"
    ).is_mismatch


def test_two_salts_are_independent():
    halves = (Arm("control", 1), Arm("a", 1))
    first = assign_arms(salt="s1", member_ids=MEMBERS, arms=halves)
    second = assign_arms(salt="s2", member_ids=MEMBERS, arms=halves)
    same = sum(first[member] == second[member] for member in MEMBERS)
    assert abs(same - 10_000) < 5 * 70.7


@pytest.mark.parametrize(
    "arms", [(), (Arm("a", 0),), (Arm("a", -1), Arm("b", 5)), (Arm("a", 1), Arm("a", 1))]
)
def test_nonsense_arms_are_refused(arms):
    with pytest.raises(ValueError, match=r"name|[Ww]eights"):
        assign_arm(salt="s", member_id="m", arms=arms)
