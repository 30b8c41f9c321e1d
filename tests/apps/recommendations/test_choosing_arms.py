"""Which arm and which strategy answers: sticky, in the promised shares, and with the chance that is written down."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from shuke.apps.recommendations.rules.choosing import Chosen, choose
from shuke.science.recommendations.thompson import chances_to_be_shown

pytestmark = pytest.mark.once
KNOWN = {"s": (30.0, 970.0), "t": (45.0, 955.0)}


def slot(*arms, bandit=(), experiment="exp_1"):
    return SimpleNamespace(
        code="home",
        experiment_id=experiment,
        bandit=list(bandit),
        arms=[
            SimpleNamespace(name=name, strategy=strategy, weight=weight) for name, strategy, weight in arms
        ],
    )


def chosen(setup, who, *, rng=None, posteriors=KNOWN, arm=""):
    return choose(setup, who=who, posteriors=posteriors, rng=rng or np.random.default_rng(1), arm=arm)


def test_an_arm_is_sticky_and_has_its_share():
    setup = slot(("a", "up-cf", 9), ("b", "popularity", 1), ("off", "ease", 0))
    rng = np.random.default_rng(2)
    first = {n: chosen(setup, f"mem_{n}", rng=rng).arm for n in range(4000)}
    assert first == {n: chosen(setup, f"mem_{n}", rng=rng).arm for n in range(4000)}
    counts = Counter(first.values())
    assert counts["b"] == pytest.approx(400, abs=60)
    assert counts["off"] == 0
    # Another experiment draws anew.
    other = slot(("a", "up-cf", 9), ("b", "popularity", 1), experiment="exp_2")
    same = sum(chosen(other, f"mem_{n}").arm == "b" and first[n] == "b" for n in range(4000))
    assert same < 80
    assert chosen(setup, "mem_1", arm="off") == Chosen("off", "ease")


def test_whom_nobody_can_name_is_drawn_anew():
    """One device id for all strangers would put them all into one arm."""
    setup = slot(("a", "up-cf", 3), ("b", "popularity", 1))
    rng = np.random.default_rng(3)
    counts = Counter(chosen(setup, "", rng=rng).arm for _ in range(4000))
    assert counts["b"] == pytest.approx(1000, abs=110)


def test_the_bandit_draws_with_the_chance_it_notes():
    setup = slot(("a", "thompson", 1), bandit=("s", "t", "new"))
    rng = np.random.default_rng(4)
    found = [chosen(setup, f"mem_{n}", rng=rng) for n in range(20_000)]
    noted = {one.strategy: one.chance for one in found}
    counts = Counter(one.strategy for one in found)
    for strategy, chance in noted.items():
        assert counts[strategy] / 20_000 == pytest.approx(chance, abs=0.012)
    assert sum(noted.values()) == pytest.approx(1.0)
    # What nobody has seen yet has the prior: a twentieth, very unsure.
    assert [noted[s] for s in ("s", "t", "new")] == pytest.approx(
        list(chances_to_be_shown([*KNOWN.values(), (1.0, 19.0)]))
    )


def test_nothing_to_choose_from_still_answers():
    assert chosen(slot(("a", "thompson", 1)), "mem_1") == Chosen("a", "thompson")
    assert chosen(slot(("a", "up-cf", 0)), "mem_1") == Chosen("a", "up-cf")
    assert chosen(slot(("a", "up-cf", 0), ("b", "ease", 0)), "mem_1") == Chosen("a", "up-cf")
    assert chosen(slot(("a", "thompson", 1), bandit=("s",)), "mem_1", posteriors={}).strategy == "s"
