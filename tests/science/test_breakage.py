"""Chain ladder against figures that were published, and what must hold of any cohorts."""

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.science.breakage import (
    Cohort,
    chain_ladder,
    contract_liability,
    development,
    expected_redemption,
    with_tail,
)

# Taylor and Ashe (1983), incremental; the triangle of Mack (1993), table 1.
TAYLOR_ASHE = [
    [357848, 766940, 610542, 482940, 527326, 574398, 146342, 139950, 227229, 67948],
    [352118, 884021, 933894, 1183289, 445745, 320996, 527804, 266172, 425046],
    [290507, 1001799, 926219, 1016654, 750816, 146923, 495992, 280405],
    [310608, 1108250, 776189, 1562400, 272482, 352053, 206286],
    [443160, 693190, 991983, 769488, 504851, 470639],
    [396132, 937085, 847498, 805037, 705960],
    [440832, 847631, 1131398, 1063269],
    [359480, 1061648, 1443370],
    [376686, 986608],
    [344014],
]


def cumulative(rows):
    return [[sum(row[: n + 1]) for n in range(len(row))] for row in rows]


def test_macks_published_reserves_and_standard_errors():
    found = chain_ladder(cumulative(TAYLOR_ASHE))
    assert [round(row.future) for row in found.rows] == [
        *(0, 94634, 469511, 709638, 984889, 1419459, 2177641, 3920301, 4278972, 4625811)
    ]
    assert [round(row.standard_error) for row in found.rows] == [
        *(0, 75535, 121699, 133549, 261406, 411010, 558317, 875328, 971258, 1363155)
    ]
    assert round(found.future) == 18680856
    assert round(found.standard_error) == 2447095


def test_the_triangle_of_the_document():
    found = chain_ladder([[100, 200, 240], [120, 250], [80]])
    assert [round(row.ultimate, 2) for row in found.rows] == [240, 300, 196.36]
    assert found.rows[2].path == pytest.approx((163.64, 196.36), abs=0.01)


def test_ifrs_15_example_52():
    allocated = Fraction(100_000 * 9_500, 109_500)
    first = contract_liability(allocated, redeemed=Fraction(4500), expected=Fraction(9500))
    second = contract_liability(allocated, redeemed=Fraction(8500), expected=Fraction(9700))
    assert (round(allocated), round(first), round(second)) == (8676, 4566, 1073)
    assert contract_liability(allocated, redeemed=Fraction(0), expected=Fraction(0)) == 0


def test_the_tail_goes_on_as_the_factors_fell():
    known = development([[100, 150, 175, 187.5]])
    assert known.factors == pytest.approx((1.5, 7 / 6, 15 / 14))
    longer = with_tail(known, ages=6)
    steps = [factor - 1 for factor in longer.factors]
    assert len(steps) == 5
    assert all(later < earlier for earlier, later in itertools.pairwise(steps))
    assert with_tail(known, ages=3) == known
    flat = with_tail(development([[100, 110, 132]]), ages=5)
    assert flat.factors[-2:] == pytest.approx((1.2, 1.2)), "a rising line is not followed upward"


def shaped(issued, shares, *, months, expired=0, end=12):
    redeemed = tuple(round(issued * share) for share in shares[:months])
    return Cohort(issued, redeemed, redeemed[-1] if redeemed else 0, expired, end)


SHARES = [0.05, 0.15, 0.25, 0.33, 0.4, 0.45, 0.49, 0.52, 0.54, 0.55, 0.555, 0.558, 0.56]


def test_cohorts_of_one_shape_are_completed_to_it():
    cohorts = [
        shaped(10_000, SHARES, months=months, expired=4400 if months == 13 else 0)
        for months in range(13, 0, -1)
    ]
    found = expected_redemption(cohorts)
    assert found.rate == pytest.approx(0.56, abs=0.005)
    assert found.cohorts[0].future == 0
    assert found.curve == pytest.approx(SHARES, abs=0.005)
    shorter = expected_redemption(cohorts, ends=[min(c.end, 5) for c in cohorts])
    assert shorter.cohorts[-1].ultimate == pytest.approx(4500, abs=30)
    assert shorter.future < found.future


def test_a_simulated_programme_ends_within_its_interval():
    chance, inside = random.Random(7), 0
    for _ in range(60):
        whole = []
        for _month in range(13):
            level = chance.uniform(0.85, 1.15)
            # 200 members, each with 50 points and an own month of redemption, or never.
            uses = [chance.choices(range(14), [*_steps(level), 1 - 0.56 * level])[0] for _ in range(200)]
            whole.append([50 * sum(use <= age for use in uses) for age in range(13)])
        cohorts = [
            Cohort(10_000, tuple(row[: 13 - n]), row[12 - n], 10_000 - row[12] if n == 0 else 0, 12)
            for n, row in enumerate(whole)
        ]
        found = expected_redemption(cohorts)
        truth = sum(row[12] - c.redeemed_now for row, c in zip(whole, cohorts, strict=True))
        inside += found.lower <= truth <= found.upper
    assert 50 <= inside <= 60


def _steps(level):
    return [level * (b - a) for a, b in zip([0, *SHARES], SHARES, strict=False)]


def test_cohorts_that_say_nothing():
    assert expected_redemption([]) is None
    assert expected_redemption([shaped(100, SHARES, months=n) for n in (3, 2, 1)]) is None
    assert expected_redemption([Cohort(100, (0,) * n, 0, 0) for n in (5, 4, 3, 2, 1)]) is None
    silent = [shaped(1000, SHARES, months=n) for n in range(6, 1, -1)] + [Cohort(500, (0,), 0, 0, 5)]
    found = expected_redemption(silent, ends=[5] * 6)
    # The others redeem 45 % by age 5, of which 5 % at age 0: that is over for the silent one.
    assert found.cohorts[-1].ultimate == pytest.approx(500 * 0.40, abs=2)
    assert expected_redemption(silent, ends=[3] * 6).cohorts[-1].ultimate == pytest.approx(500 * 0.28, abs=2)
    fresh = [*silent[:-1], Cohort(500, (), 0, 0, 5)]
    assert expected_redemption(fresh, ends=[5] * 6).cohorts[-1].ultimate == pytest.approx(500 * 0.45, abs=2)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5000),
            st.lists(st.integers(0, 400), min_size=1, max_size=9),
            st.integers(0, 100),
            st.integers(0, 24),
        ),
        min_size=4,
        max_size=9,
    )
)
def test_nothing_below_zero_or_above_what_is_open(rows):
    cohorts = []
    for issued, steps, expired, end in rows:
        redeemed = tuple(min(sum(steps[: n + 1]), issued) for n in range(len(steps)))
        cohorts.append(Cohort(issued, redeemed, redeemed[-1], min(expired, issued - redeemed[-1]), end))
    found = expected_redemption(cohorts)
    if found is None:
        return
    for cohort, row in zip(cohorts, found.cohorts, strict=True):
        assert 0 <= row.lower <= row.future + 1e-6 <= row.upper + 2e-6 <= cohort.open + 3e-6
    assert 0 <= found.rate_lower <= found.rate <= found.rate_upper <= 1 + 1e-9
