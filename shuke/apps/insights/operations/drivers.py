"""What goes with what, and what goes with coming back and with spending much?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.apps.insights.operations.bought import bought_orders
from shuke.apps.insights.operations.measuring import (
    MEASURE_NAMES,
    last_told_day,
    measured,
    normal_scores,
    rounded,
)
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.correlation import Correlation, correlations
from shuke.science.factors import Factors, factor_analysis
from shuke.science.odds import Odds, Separated, independent, logistic_regression
from shuke.science.reading import Reading

#: The next quarter.
HORIZON_DAYS = 91
#: Who spends more than so many of 100 spends much.
MUCH = 75
#: Fewer yeses or noes than this for each measure are too few (Peduzzi and others 1996).
YES_PER_MEASURE = 10
#: Rows of a factor analysis: its random numbers cost time and its answer no longer changes.
FACTOR_ROWS = 20_000
#: Members a dependence of names is counted on.
TOP = 3
STEPS = 4

Floats = NDArray[np.float64]


def drivers_study(facts: StudyFacts) -> StudyOutcome:
    """Correlations today; odds of the last quarter from what was known before it; factors."""
    bought = bought_orders(facts)
    facts.tell(0, STEPS, _("Measuring members"))
    now = measured(facts, bought, as_of=facts.as_of)
    scores = normal_scores(now)
    facts.tell(1, STEPS, _("Comparing pairs"))
    pairs = correlations(scores, kind="spearman")
    facts.tell(2, STEPS, _("Fitting odds"))
    day = last_told_day(bought, as_of=facts.as_of) - timedelta(days=HORIZON_DAYS)
    outcomes = _outcomes(facts, bought, day=day)
    facts.tell(3, STEPS, _("Looking for what lies behind"))
    factors = _factors(scores, facts)
    result = {
        "members": now.num_rows,
        "measures": list(scores),
        "pairs": [_pair(pair) for pair in pairs],
        "names": [_pair(pair) for pair in _named(facts)],
        "day": day.isoformat(),
        "horizon_days": HORIZON_DAYS,
        "outcomes": [told for told, _odds in outcomes],
        "factors": {
            "loadings": [rounded(row) for row in factors.loadings],
            "explained": rounded(factors.explained),
            "eigenvalues": rounded(factors.eigenvalues),
            "random": rounded(factors.random),
        },
    }
    return StudyOutcome(result=result, readings=_readings(pairs, outcomes, factors))


def _factors(scores: dict[str, Floats], facts: StudyFacts) -> Factors:
    data = np.column_stack(list(scores.values()))
    among = data[facts.rng.permutation(len(data))[:FACTOR_ROWS]]
    return factor_analysis(among, measures=tuple(scores), rng=facts.rng)


def _named(facts: StudyFacts) -> list[Correlation]:
    """What is said in names: habits that go with one another."""
    wanted = (
        "preferred_channel",
        "favourite_department",
        "favourite_store",
        "lifecycle_stage",
        "rfm_segment",
    )
    rows = facts.traits.filter(facts.traits.orders_total > 0).select(*wanted).to_pyarrow()
    named = {
        name: np.array(rows.column(name).to_pylist(), dtype=object)
        for name in wanted
        if 2 <= len(set(rows.column(name).to_pylist()) - {None}) <= 40
    }
    return correlations(named) if len(named) > 1 else []


def _pair(pair: Correlation) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "value": round(pair.value, 4),
        "lower": round(pair.lower, 4),
        "upper": round(pair.upper, 4),
        "q_value": round(pair.q_value, 6),
        "members": pair.members,
    }


def _outcomes(facts: StudyFacts, bought: ir.Table, *, day: date) -> list[tuple[dict[str, Any], Odds | None]]:
    """What goes with each outcome of the days after ``day``, from measures of that day and nothing later."""
    try:
        known = measured(facts, bought, as_of=day)
    except NotEnough:
        return []
    scores = normal_scores(known)
    spend = _next_spend(bought, known.column("member_id").to_pylist(), day=day)
    buyers = ~np.isnan(spend)
    much = np.quantile(np.nan_to_num(spend), MUCH / 100)
    answers = {"came_back": buyers, "high_value": np.nan_to_num(spend) > much}
    return [_judged(name, answer, scores) for name, answer in answers.items()]


def _next_spend(bought: ir.Table, members: list[str], *, day: date) -> Floats:
    """What each member paid in the days after; missing for who did not come."""
    last = day + timedelta(days=HORIZON_DAYS)
    later = bought.filter(bought.local_date > ibis.literal(day), bought.local_date <= ibis.literal(last))
    rows: pa.Table = later.group_by("member_id").agg(paid=later.net_minor.sum()).to_pyarrow()
    paid = dict(zip(rows["member_id"].to_pylist(), rows["paid"].to_pylist(), strict=True))
    return np.array([paid.get(member, np.nan) for member in members], dtype=np.float64)


def _judged(
    name: str, answer: NDArray[np.bool_], scores: dict[str, Floats]
) -> tuple[dict[str, Any], Odds | None]:
    kept = independent(scores)
    told: dict[str, Any] = {
        "name": name,
        "members": len(answer),
        "yes_share": round(float(answer.mean()), 4),
        "left_out": sorted(set(scores) - set(kept)),
        "ratios": [],
    }
    if min(answer.sum(), (~answer).sum()) < YES_PER_MEASURE * len(kept):
        return told | {"refusal": "few"}, None
    try:
        odds = logistic_regression(answer, measures=kept, standardise=True)
    except Separated:
        return told | {"refusal": "separated"}, None
    told["pseudo_r2"] = round(odds.pseudo_r2, 4)
    told["ratios"] = [
        {"measure": r.measure, **{n: round(getattr(r, n), 4) for n in ("ratio", "lower", "upper", "p_value")}}
        for r in sorted(odds.ratios, key=lambda r: -abs(r.coefficient))
    ]
    return told, odds


def _readings(
    pairs: list[Correlation], outcomes: list[tuple[dict[str, Any], Odds | None]], factors: Factors
) -> list[Reading]:
    found = [_spoken(pair.reading) for pair in sorted(pairs, key=lambda p: -abs(p.value))[:TOP]]
    for told, odds in outcomes:
        sure = [r for r in odds.ratios if r.p_value <= 0.05] if odds else []
        if not sure:
            continue
        found.append(_OUTCOME[told["name"]](max(sure, key=lambda r: abs(r.coefficient))))
    found.append(_spoken_factors(factors))
    found.append(
        Reading("None of this says what causes what: who comes often may also simply live next door.")
    )
    return found


def _spoken(reading: Reading) -> Reading:
    """The sentence with the names of measures that people use."""
    values = {
        name: MEASURE_NAMES.get(value, value) if isinstance(value, str) else value
        for name, value in reading.values.items()
    }
    return Reading(reading.sentence, values)


def _spoken_factors(factors: Factors) -> Reading:
    if not factors.loadings.shape[1]:
        return factors.reading
    return Reading(
        "{count} things lie behind {measures} measures and explain {part:.0%} of how members differ.",
        {
            "count": int(factors.loadings.shape[1]),
            "measures": len(factors.measures),
            "part": float(factors.explained.sum()),
        },
    )


def _came_back(ratio: Any) -> Reading:
    more = Reading(
        "Coming back in the next quarter goes most with more of: {measure}. Much of it instead of a middling value "
        "multiplies the odds by {ratio:.1f} ({lower:.1f} to {upper:.1f}), all else equal.",
        _ratio_values(ratio),
    )
    less = Reading(
        "Coming back in the next quarter goes most with less of: {measure}. Much of it instead of a middling value "
        "multiplies the odds by {ratio:.2f} ({lower:.2f} to {upper:.2f}), all else equal.",
        _ratio_values(ratio),
    )
    return more if ratio.ratio > 1 else less


def _high_value(ratio: Any) -> Reading:
    more = Reading(
        "Spending much in the next quarter goes most with more of: {measure}. Much of it instead of a middling value "
        "multiplies the odds by {ratio:.1f} ({lower:.1f} to {upper:.1f}), all else equal.",
        _ratio_values(ratio),
    )
    less = Reading(
        "Spending much in the next quarter goes most with less of: {measure}. Much of it instead of a middling value "
        "multiplies the odds by {ratio:.2f} ({lower:.2f} to {upper:.2f}), all else equal.",
        _ratio_values(ratio),
    )
    return more if ratio.ratio > 1 else less


def _ratio_values(ratio: Any) -> dict[str, Any]:
    return {
        "measure": MEASURE_NAMES[ratio.measure],
        "ratio": ratio.ratio,
        "lower": ratio.lower,
        "upper": ratio.upper,
    }


_OUTCOME = {"came_back": _came_back, "high_value": _high_value}
