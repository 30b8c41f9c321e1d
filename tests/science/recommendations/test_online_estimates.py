"""Online estimates against known truths: intervals, equal arms, daily looks, off-policy values, delayed clicks."""

from datetime import UTC, date, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest
import scipy.stats

from shuke.science.lift import summarise
from shuke.science.recommendations import bandit_counts, online, thompson
from shuke.science.recommendations import online_estimates as estimates

CLICKS = next(metric for metric in estimates.METRICS if metric.name == "click_rate")


def members(rng, *, count, rate, arm, spread=3.0):
    """Members with very different numbers of lists and rates of their own: ``rate`` over all lists."""
    lists = 1 + rng.geometric(0.2, count)
    own = rng.beta(spread * rate, spread * (1 - rate), count)
    clicked = rng.binomial(lists, own)
    return {"arm": np.full(count, arm), "lists": lists.astype(float), "clicked": clicked.astype(float)}


def summaries_of(groups):
    table = ibis.memtable(pa.table({key: np.concatenate([g[key] for g in groups]) for key in groups[0]}))
    return summarise(table, metrics=[CLICKS])


def test_an_interval_over_members_holds_the_truth_and_one_over_lists_does_not():
    rng = np.random.default_rng(5)
    groups = [members(rng, count=300, rate=0.06, arm=f"{n}") for n in range(400)]
    held, too_short = 0, 0
    for arm, summary in summaries_of(groups).items():
        found = estimates.estimate(summary, CLICKS)
        held += found.low <= 0.06 <= found.high
        lists = groups[int(arm)]["lists"].sum()
        reach = 1.96 * np.sqrt(found.value * (1 - found.value) / lists)
        too_short += abs(found.value - 0.06) <= reach
    assert 0.92 <= held / 400 <= 0.98
    assert too_short / 400 < 0.85


def test_equal_arms_get_uniform_p_values():
    rng = np.random.default_rng(6)
    groups = [members(rng, count=250, rate=0.08, arm=f"{n}{side}") for n in range(300) for side in "ab"]
    found = summaries_of(groups)
    p_values, always = [], []
    for n in range(300):
        pair = {side: found[f"{n}{side}"] for side in "ab"}
        compared = estimates.difference(pair, metric=CLICKS, arm="b", control="a")
        p_values.append(compared.lift.p_value)
        always.append(compared.always_p)
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 0.01
    # What stays valid under looks is never smaller, and finds nothing here.
    assert all(a > p for a, p in zip(always, p_values, strict=True) if p < 0.2)
    assert np.mean(np.array(always) < 0.05) < 0.01
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_looking_every_day_finds_nothing_where_nothing_is():
    """Of 1,000 tests of equal arms, looked at on 60 days, the usual p-value alarms in a third."""
    rng = np.random.default_rng(7)
    days = np.arange(1, 61)
    paths = np.cumsum(rng.normal(size=(1000, 60)), axis=1) / days  # means of the difference; variance 1 a day
    errors = 1 / np.sqrt(days)
    usual = (np.abs(paths / errors) > 1.96).any(axis=1).mean()
    always = np.mean(
        [
            any(
                estimates.always_valid_p(d, standard_error=e, expected=0.3) < 0.05
                for d, e in zip(path, errors, strict=True)
            )
            for path in paths
        ]
    )
    assert usual > 0.3
    assert always <= 0.05
    # By hand: V = τ² = 1, d = 3: Λ = √½ · e^(9/4) = 6.709.
    assert estimates.always_valid_p(3.0, standard_error=1.0, expected=1.0) == pytest.approx(
        1 / 6.709, rel=1e-3
    )
    # And it sees what is there: a difference of 0.6 is found within the 60 days.
    assert estimates.always_valid_p(0.6, standard_error=errors[-1], expected=0.3) < 0.01


def test_wilson_by_hand():
    """One member a list, 2 of 40 clicked: 5 % with Wilson's interval 1.4 % to 16.5 %."""
    one = {"arm": np.full(40, "a"), "lists": np.ones(40), "clicked": np.r_[np.ones(2), np.zeros(38)]}
    found = estimates.estimate(summaries_of([one])["a"], CLICKS)
    assert found.value == 0.05
    assert found.low == pytest.approx(0.0138, abs=0.001)
    assert found.high == pytest.approx(0.165, abs=0.004)
    none = {**one, "clicked": np.zeros(40)}
    nothing = estimates.estimate(summaries_of([none])["a"], CLICKS)
    assert (nothing.low, nothing.high) == (0.0, pytest.approx(0.0876, abs=0.001))
    assert estimates.difference({}, metric=CLICKS, arm="b", control="a").always_p is None


def test_off_policy_values_are_the_values_of_each_strategy():
    """A bandit that drew the good strategy nine times of ten tells the worse one's value without bias."""
    rng = np.random.default_rng(8)
    truth, chance, worlds = {"s": 0.10, "t": 0.04}, {"s": 0.9, "t": 0.1}, 150
    count = 5000 * worlds
    drawn = rng.choice(["s", "t"], p=[0.9, 0.1], size=count)
    lists = pa.table(
        {
            "unit": rng.integers(0, 1000, count).astype(str), "arm": np.repeat(np.arange(worlds), 5000).astype(str),
            "strategy": drawn, "fallback": [""] * count, "strategy_chance": np.vectorize(chance.get)(drawn),
            **{name: np.zeros(count, np.int64) for name in online.OUTCOMES if name != "clicked"},
            "clicked": (rng.random(count) < np.vectorize(truth.get)(drawn)).astype(np.int64),
        }
    )  # fmt: skip
    sums = online.unit_sums(ibis.memtable(lists), drawn=("s", "t"))
    metrics = [m for pair in estimates.policy_metrics(("s", "t")).values() for m in pair]
    found = [estimates.policy_values(one, ("s", "t")) for one in summarise(sums, metrics=metrics).values()]
    for number, strategy in enumerate(truth):
        for kind in ("ips", "snips"):
            values = [getattr(world[number], kind) for world in found]
            assert np.mean([value.value for value in values]) == pytest.approx(truth[strategy], abs=0.002)
            held = np.mean([value.low <= truth[strategy] <= value.high for value in values])
            assert held == pytest.approx(0.95, abs=0.05)


def test_chances_and_regret_by_quadrature_are_those_of_many_draws():
    rng = np.random.default_rng(9)
    for told in ([(31, 970), (45, 960), (12, 400)], [(1, 19), (1, 19)], [(300, 97), (1, 1), (5, 30)]):
        draws = np.stack([rng.beta(*one, size=400_000) for one in told])
        chances = thompson.chances_to_be_best(told)
        assert chances == pytest.approx(
            np.bincount(draws.argmax(axis=0), minlength=len(told)) / 400_000, abs=0.004
        )
        shown = thompson.chances_to_be_shown(told)
        assert shown.sum() == pytest.approx(1.0)
        assert shown.min() >= thompson.LEAST_CHANCE
        picked = rng.choice(len(told), p=shown, size=400_000)
        missed = (draws.max(axis=0) - draws[picked, np.arange(400_000)]).mean()
        assert thompson.expected_regret(told, shown=shown) == pytest.approx(missed, rel=0.03)


START = datetime(2025, 3, 1, tzinfo=UTC)


def lists_with_delays(rng, *, hours, rates, mean_minutes=60.0):
    """Lists of two strategies; the second gets most of the traffic of the last hours.  Both have the same rate."""
    count = 400 * hours
    minute = np.sort(rng.uniform(0, hours * 60, count))
    is_late = minute > (hours - 4) * 60
    second = rng.random(count) < np.where(is_late, 0.9, 0.5)
    strategy = np.where(second, "t", "s")
    clicked = rng.random(count) < np.vectorize(rates.get)(strategy)
    at = [START + timedelta(minutes=float(m)) for m in minute]
    ids = [f"l{n}" for n in range(count)]
    lists = pa.table(
        {
            "list_id": ids, "strategy": strategy, "fallback": [""] * count, "strategy_chance": [0.5] * count,
            "listed_at": pa.array(at, pa.timestamp("us", "UTC")), "local_date": [t.date() for t in at],
        }
    )  # fmt: skip
    delay = rng.exponential(mean_minutes, count)
    where = np.flatnonzero(clicked & (delay < 1440))
    touched = pa.table(
        {
            "list_id": [ids[n] for n in where], "product_id": ["p"] * len(where), "kind": ["clicked"] * len(where),
            "touched_at": pa.array(
                [at[n] + timedelta(minutes=float(delay[n])) for n in where], pa.timestamp("us", "UTC")
            ),
        }
    )  # fmt: skip
    return ibis.memtable(lists), ibis.memtable(touched)


def rates_of(lists, touched, at):
    rows = bandit_counts.delays(lists, touched, at=at).to_pyarrow().to_pylist()
    counts = bandit_counts.day_counts(rows)
    sums = {s: (sum(c.taken for c in counts if c.strategy == s), sum(c.exposures for c in counts if c.strategy == s))
            for s in ("s", "t")}  # fmt: skip
    return counts, {s: taken / exposures for s, (taken, exposures) in sums.items() if exposures}


def test_young_lists_bias_no_strategy():
    """Equal strategies of 10 %: divided by all lists, the one shown most just now would seem worse."""
    lists, touched = lists_with_delays(np.random.default_rng(10), hours=30, rates={"s": 0.1, "t": 0.1})
    counts, rates = rates_of(lists, touched, START + timedelta(hours=30))
    assert rates["s"] == pytest.approx(0.1, abs=0.008)
    assert rates["t"] == pytest.approx(0.1, abs=0.008)
    plain = {c.strategy: 0.0 for c in counts}
    for strategy in plain:
        mine = [c for c in counts if c.strategy == strategy]
        plain[strategy] = sum(c.taken for c in mine) / sum(c.lists for c in mine)
    assert plain["t"] < 0.9 * plain["s"]


def test_before_enough_old_clicks_only_old_lists_count():
    """Some 400 lists are older than a day, with some 40 clicks: too few to tell how late clicks come."""
    lists, touched = lists_with_delays(np.random.default_rng(11), hours=25, rates={"s": 0.1, "t": 0.1})
    at = START + timedelta(hours=25)
    counts, _rates = rates_of(lists, touched, at)
    old = {
        row["list_id"] for row in lists.to_pyarrow().to_pylist() if row["listed_at"] <= at - timedelta(days=1)
    }
    clicked = {row["list_id"] for row in touched.to_pyarrow().to_pylist()}
    assert sum(c.lists for c in counts) == 10_000
    assert sum(c.exposures for c in counts) == len(old)
    assert sum(c.taken for c in counts) == len(old & clicked) < bandit_counts.LEAST_CLICKS


def test_evidence_fades_and_regret_is_counted_by_hand():
    day = date(2025, 3, 1)
    counts = [
        bandit_counts.DayCount("s", day, 100, 100, 10, 100.0),
        bandit_counts.DayCount("t", day, 100, 100, 5, 100.0),
        bandit_counts.DayCount("s", day + timedelta(days=1), 150, 150, 15, 150.0),
        bandit_counts.DayCount("t", day + timedelta(days=1), 50, 50, 2.5, 50.0),
    ]
    known = bandit_counts.faded(counts, today=day + timedelta(days=1), half_life=1.0)
    assert known == {"s": (20.0, 180.0), "t": (5.0, 95.0)}
    # Rates 10 % and 5 %: the bandit missed 100 × 0.05, then 50 × 0.05; a uniform choice 200 × 0.025 on both days.
    found = bandit_counts.regret_days(counts, ["s", "t"])
    assert [(round(d.bandit, 9), round(d.uniform, 9)) for d in found] == [(5.0, 5.0), (7.5, 10.0)]
    assert found[1].shares == {"s": 0.75, "t": 0.25}
    assert bandit_counts.regret_days(counts, ["s", "t", "never"]) == []
