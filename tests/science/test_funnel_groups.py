"""Groups in a funnel: published intervals, the chi-square, and how often chance is called a difference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from shuke.science.funnel_groups import FALSE_ALARMS, differences, newcombe


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [
        # Newcombe 1998, table II, method 10.
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ],
)
def test_published_intervals(first, second, published):
    assert newcombe(first, second) == pytest.approx(published, abs=6e-5)


def test_another_implementation_agrees():
    for yes, of, others, of_others in ((3, 40, 90, 700), (400, 1000, 30, 60), (59, 60, 200, 900)):
        theirs = confint_proportions_2indep(yes, of, others, of_others, compare="diff", method="newcomb")
        assert newcombe((yes, of), (others, of_others)) == pytest.approx(theirs, abs=1e-9)


def test_a_group_is_set_against_all_who_are_not_in_it():
    found = differences({"a": (30, 60), "b": (45, 150)}, all_members=(80, 250))
    assert (found["a"].part, found["a"].others) == (0.5, 50 / 190)
    assert found["b"].others == pytest.approx(35 / 100)
    assert found["a"].value == pytest.approx(found["a"].part - found["a"].others)
    assert found["a"].lower < found["a"].value < found["a"].upper
    # (n - 1) / n times Pearson, then twice the smaller of two: Benjamini and Hochberg by hand.
    raw = [
        stats.chi2.sf(stats.chi2_contingency(table, correction=False).statistic * 249 / 250, 1)
        for table in ([[30, 30], [50, 140]], [[45, 105], [35, 65]])
    ]
    assert [found[code].q_value for code in "ab"] == pytest.approx([2 * raw[0], raw[1]])
    assert (found["a"].is_real, found["b"].is_real) == (True, False)


def test_too_few_are_not_judged_and_do_not_count_as_tries():
    assert differences({"a": (29, 29)}, all_members=(100, 1000)) == {}
    assert differences({"a": (30, 971)}, all_members=(100, 1000)) == {}, "29 others"
    assert set(differences({"a": (15, 30), "b": (315, 970)}, all_members=(330, 1000))) == {"a", "b"}
    assert differences({"a": (0, 40)}, all_members=(0, 1000)) == {}, "nobody came through"
    assert differences({"a": (40, 40)}, all_members=(1000, 1000)) == {}, "everybody came through"
    assert differences({}, all_members=(0, 0)) == {}
    alone = differences({"a": (30, 60)}, all_members=(100, 400))["a"].q_value
    assert differences({"a": (30, 60), "b": (1, 9)}, all_members=(100, 400))["a"].q_value == alone


def test_where_nothing_differs_one_funnel_in_twenty_or_fewer_names_a_group():
    rng = np.random.default_rng(3)
    alarms = 0
    for _try in range(400):
        sizes = rng.integers(40, 400, 6)
        done = rng.binomial(sizes, 0.2)
        groups = {str(i): (int(d), int(n)) for i, (d, n) in enumerate(zip(done, sizes, strict=True))}
        found = differences(groups, all_members=(int(done.sum()), int(sizes.sum())))
        alarms += any(one.is_real for one in found.values())
    assert alarms / 400 < FALSE_ALARMS + 2 * (0.05 * 0.95 / 400) ** 0.5
