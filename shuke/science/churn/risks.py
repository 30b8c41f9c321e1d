"""The risk of every member to be silent for so many days, and how good such risks were when the days had come.

Two classifiers are trained.  The first knows nothing of the last ``horizon_days`` and is judged on them, beside simpler
ways to tell; the second learns from all that is over and scores today.  Beyond ``TEACHING_MEMBERS`` members both learn
from, and are judged on, so many drawn by chance: everybody is scored, and the work of teaching stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import polars as pl
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.science.churn.classifier import Classifier, TooFewOutcomes, trained
from shuke.science.churn.features import features, outcomes
from shuke.science.churn.hazard import silence
from shuke.science.churn.judging import Judgement, calibration, gains, judged

#: Days back from the newest day whose outcome is known from which a classifier learns, too.
TAUGHT_BACK = (0, 30, 60)
#: A day teaches only if so many days before it are known.
LEAST_KNOWN_DAYS = 30
#: Horizons; the shortest that is at least so many usual cycles is a silence that means something.
HORIZONS = (30, 60, 90)
CYCLES_OF_SILENCE = 6
#: Fewer buyers are told nothing by chances.
LEAST_MEMBERS = 200
#: Members who teach and judge; with more the AUC of the benchmark moves by less than its own error.
TEACHING_MEMBERS = 30_000
#: Members whose orders are looked at together when everybody is scored: memory follows this, not the retailer's size.
SCORED_TOGETHER = 100_000
#: More likely silent than not; and one chance in five.
HIGH, MEDIUM = 0.5, 0.2


@dataclass(frozen=True)
class RiskLayer:
    """What came of the members who would have been in the layer on the day that was judged."""

    layer: str
    members: int
    silent: float


@dataclass(frozen=True)
class Risks:
    """Today's risks and the judgement of those of ``horizon_days`` ago.

    ``members``: ``member_id, probability, silence_ratio`` (days of silence over the own cycle), ``reasons`` (codes of
    ``classifier.FAMILIES``; none in the low layer).  ``drawn``: members who taught and judged; all if nobody was left
    out.  ``judgements`` by way of telling: ``classifier``, ``own_cycle``, ``recency``, and what the caller brought.
    ``curve``: mean probability, part that left, members.  ``gains`` by way: part of those who left among the 0, 5 …
    100 % with the highest risk.
    """

    members: pl.DataFrame
    horizon_days: int
    judged_on: date
    taught: int
    drawn: int
    judgements: Mapping[str, Judgement]
    curve: list[tuple[float, float, int]]
    gains: Mapping[str, list[float]]
    layers: list[RiskLayer]


def layers_of(probability: NDArray[np.float64]) -> NDArray[np.str_]:
    """``high``, ``medium`` or ``low`` for each probability.

    >>> layers_of(np.array([0.5, 0.49, 0.2, 0.1])).tolist()
    ['high', 'medium', 'medium', 'low']
    """
    return np.select([probability >= HIGH, probability >= MEDIUM], ["high", "medium"], "low")


def drawn_members(purchases: ir.Table, *, most: int, seed: int) -> ir.Table:
    """``member_id`` of ``most`` buyers drawn by chance, or of all if there are no more; the same for the same seed.

    Raises ``ValueError`` for a size below 1.
    """
    if most < 1:
        raise ValueError("Draw one member or more.")
    names = purchases.select("member_id").distinct().order_by("member_id").to_polars()
    if len(names) > most:
        places = np.random.default_rng(seed).choice(len(names), most, replace=False)
        names = names[np.sort(places)]
    return ibis.memtable(names)


def horizon_for(purchases: ir.Table, *, first_day: date, as_of: date) -> int | None:
    """How many days ahead to look: six of the members' usual cycles, as far as the history can teach and judge it.

    A horizon needs twice its length of history and a month before that.  ``None`` if there is too little for any.
    """
    known = (as_of - first_day).days
    possible = [days for days in HORIZONS if known >= 2 * days + LEAST_KNOWN_DAYS]
    if not possible:
        return None
    cycle = silence(purchases, as_of=as_of, horizon_days=HORIZONS[0])["cycle_days"].median() or 0.0
    return next((days for days in possible if days >= CYCLES_OF_SILENCE * float(cycle)), possible[-1])  # type: ignore[arg-type]


def risks(
    purchases: ir.Table,
    *,
    first_day: date,
    as_of: date,
    horizon_days: int,
    seed: int,
    beside: pl.DataFrame | None = None,
    drawn: ir.Table | None = None,
) -> Risks:
    """The risk of everybody who bought by ``as_of`` to buy nothing in the ``horizon_days`` after it.

    ``purchases``: one row per counted order, ``member_id, local_date, net_minor, sales_channel``, the first on
    ``first_day``.  ``beside`` has ``member_id`` and, by name, further probabilities that were known on the day that is
    judged (``as_of`` less the horizon).  ``drawn``: ``member_id`` of those who teach and judge (:func:`drawn_members`);
    everybody if left out.  Raises ``TooFewOutcomes``.
    """
    everybody = purchases
    if drawn is not None:
        purchases = everybody.semi_join(drawn, "member_id").cache()
    judged_on = as_of - timedelta(days=horizon_days)
    whole = _Taught(purchases, first_day=first_day, horizon_days=horizon_days)
    truth = outcomes(purchases, as_of=judged_on, horizon_days=horizon_days).to_polars()
    known = features(purchases, as_of=judged_on).to_polars().join(truth, on="member_id").sort("member_id")
    if len(known) < LEAST_MEMBERS:
        raise TooFewOutcomes(f"{len(known)} members had bought by then; that is too few to learn from.")
    past = whole.until(judged_on - timedelta(days=horizon_days))
    judge = _fitted(past, seed=seed)
    silent = known["is_silent"].to_numpy()
    scores = {
        "classifier": judge.probability(known),
        "own_cycle": _own_cycle(purchases, known, as_of=judged_on, horizon_days=horizon_days),
        "recency": _by_recency(past, known),
    }
    scores |= _beside(beside, known)
    model = _fitted(pl.concat([past, whole.on(judged_on)]), seed=seed)
    return Risks(
        members=_today(everybody, model, as_of=as_of, horizon_days=horizon_days),
        horizon_days=horizon_days,
        judged_on=judged_on,
        taught=model.members,
        drawn=int(purchases.member_id.nunique().to_pyarrow().as_py()),
        judgements={name: judged(score, is_silent=silent) for name, score in scores.items()},
        curve=calibration(scores["classifier"], is_silent=silent),
        gains={name: gains(score, is_silent=silent) for name, score in scores.items()},
        layers=_layers(scores["classifier"], silent),
    )


class _Taught:
    """Past days with their features and outcomes."""

    def __init__(self, purchases: ir.Table, *, first_day: date, horizon_days: int) -> None:
        self.purchases, self.first_day, self.horizon_days = purchases, first_day, horizon_days

    def on(self, day: date) -> pl.DataFrame:
        """What was known on the day, and what came in the horizon after it."""
        truth = outcomes(self.purchases, as_of=day, horizon_days=self.horizon_days).to_polars()
        known = features(self.purchases, as_of=day).to_polars()
        return known.join(truth, on="member_id").sort("member_id")

    def until(self, newest: date) -> pl.DataFrame:
        """The newest day that may teach and some before it, as far as enough is known before them."""
        days = [newest - timedelta(days=back) for back in TAUGHT_BACK]
        least = self.first_day + timedelta(days=LEAST_KNOWN_DAYS)
        return pl.concat([self.on(day) for day in days if day >= least or day == newest])


def _fitted(past: pl.DataFrame, *, seed: int) -> Classifier:
    return trained(past.drop("is_silent"), is_silent=past["is_silent"].to_numpy(), seed=seed)


def _own_cycle(
    purchases: ir.Table, known: pl.DataFrame, *, as_of: date, horizon_days: int
) -> NDArray[np.float64]:
    told = silence(purchases, as_of=as_of, horizon_days=horizon_days)
    joined = known.select("member_id").join(told, on="member_id", how="left").sort("member_id")
    return joined["probability"].fill_null(1.0).to_numpy()


def _by_recency(past: pl.DataFrame, known: pl.DataFrame) -> NDArray[np.float64]:
    """Nothing but the days since the last visit, turned into a probability by the same past days."""
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0)
    steps.fit(past["recency_days"].to_numpy(), past["is_silent"].to_numpy().astype(np.float64))
    return np.asarray(steps.predict(known["recency_days"].to_numpy()), dtype=np.float64)


def _beside(beside: pl.DataFrame | None, known: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    if beside is None:
        return {}
    joined = known.select("member_id").join(beside, on="member_id", how="left").sort("member_id")
    names = [name for name in joined.columns if name != "member_id"]
    return {name: joined[name].fill_null(joined[name].mean()).to_numpy() for name in names}


def _layers(probability: NDArray[np.float64], silent: NDArray[np.bool_]) -> list[RiskLayer]:
    places = layers_of(probability)
    return [
        RiskLayer(name, int((places == name).sum()), float(silent[places == name].mean()))
        for name in ("high", "medium", "low")
        if np.any(places == name)
    ]


def _today(purchases: ir.Table, model: Classifier, *, as_of: date, horizon_days: int) -> pl.DataFrame:
    """Everybody's risk; orders are looked at some members at a time."""
    scored = pl.concat([_scored(part, model, as_of=as_of) for part in _slices(purchases)])
    # The usual cycle is everybody's, so this is asked of all at once.
    own = silence(purchases, as_of=as_of, horizon_days=horizon_days)
    ratio = own.select("member_id", silence_ratio=pl.col("silent_days") / pl.col("cycle_days"))
    return scored.join(ratio, on="member_id", how="left").sort("member_id")


def _slices(purchases: ir.Table) -> Iterator[ir.Table]:
    """The orders of ``SCORED_TOGETHER`` members at a time, by their ids; as they are where there are no more."""
    names = purchases.select("member_id").distinct().order_by("member_id").to_polars()["member_id"]
    firsts = names.gather_every(SCORED_TOGETHER).to_list()
    if len(firsts) < 2:
        yield purchases
        return
    for first, after in zip(firsts, [*firsts[1:], None], strict=True):
        part = purchases.filter(purchases.member_id >= first)
        yield part if after is None else part.filter(part.member_id < after)


def _scored(purchases: ir.Table, model: Classifier, *, as_of: date) -> pl.DataFrame:
    now = features(purchases, as_of=as_of).to_polars().sort("member_id")
    probability = model.probability(now)
    # Shapley values cost more than the score itself, and nobody reads why somebody stays.
    risky = np.flatnonzero(probability >= MEDIUM)
    reasons: list[list[str]] = [[] for _member in probability]
    for place, codes in zip(risky.tolist(), model.reason_codes(now[risky]), strict=True):
        reasons[place] = codes
    return now.select("member_id").with_columns(
        probability=pl.Series(probability), reasons=pl.Series(reasons, dtype=pl.List(pl.Utf8))
    )
