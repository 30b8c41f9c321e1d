"""A gradient-boosted classifier of silence, calibrated, with the reasons for each member.

Trained on days in the past whose outcome is known (LightGBM, Ke and others 2017), with small trees: few leave.  Scores
become probabilities by a logistic line (Platt 1999) through the scores of members the trees had not seen; with a few
hundred outcomes it errs less than isotonic steps (Niculescu-Mizil and Caruana 2005) and keeps the order.  Reasons are
exact Shapley values of the trees (TreeSHAP: Lundberg and others 2020), in log-odds; they sum to the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from shuke.science.churn.features import FEATURES, WINDOWS
from shuke.science.reading import Reading

FOLDS = 5
#: Fewer outcomes of either kind than this teach nothing.
LEAST_OUTCOMES = 20
_SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 6,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
ROUNDS = 120

#: What a feature says, for a member for whom it speaks of leaving.
REASONS: dict[str, str] = {
    "recency_days": "last here {value:.0f} days ago",
    "tenure_days": "a customer for {value:.0f} days",
    "visits": "{value:.0f} visits in all",
    "cycle_days": "usually comes every {value:.0f} days",
    "cycles_silent": "silent for {value:.1f} of its cycles",
    "gap_spread": "comes irregularly",
    "visits_30": "{value:.0f} visits in 30 days",
    "visits_90": "{value:.0f} visits in 90 days",
    "visits_180": "{value:.0f} visits in 180 days",
    "spend_30": "spent less in 30 days",
    "spend_90": "spent less in 90 days",
    "spend_180": "spent less in 180 days",
    "visits_trend": "comes less often than before",
    "spend_trend": "spends less than before",
    "average_minor": "size of its baskets",
    "channels": "number of its channels",
}


#: Features that say the same thing; their parts of the score are added up.  The names are codes of reasons.
FAMILIES: dict[str, tuple[str, ...]] = {
    "silent": ("recency_days", "cycles_silent"),
    "seldom": ("visits", "cycle_days", *(f"visits_{days}" for days in WINDOWS)),
    "fewer_visits": ("visits_trend",),
    "little_spend": ("average_minor", *(f"spend_{days}" for days in WINDOWS)),
    "less_spend": ("spend_trend",),
    "irregular": ("gap_spread",),
    "tenure": ("tenure_days",),
    "channels": ("channels",),
}


class TooFewOutcomes(ValueError):
    """There are not enough members who left or stayed to learn from."""


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.  ``trees`` is a LightGBM booster, ``calibration`` slope and height of the logistic line.

    Worked: a member silent for 40 days at a cycle of 8 has the score -2.0 (all members) + 1.6 (silent) + 0.5 (fewer
    visits) - 0.3 (spends much) = -0.2 in log-odds; with slope 0.9 and height -0.1 that is 0.9 · -0.2 - 0.1 = -0.28,
    the probability 1 / (1 + e^0.28) = 0.43, and its reasons are ``silent`` and ``fewer_visits``.
    """

    trees: Any
    calibration: tuple[float, float]
    members: int
    base_rate: float

    def probability(self, known: pl.DataFrame) -> NDArray[np.float64]:
        """The chance of silence of each row of ``features``."""
        slope, height = self.calibration
        found: NDArray[np.float64] = expit(slope * _scores(self.trees, _matrix(known)) + height)
        return found

    def reasons(self, known: pl.DataFrame, *, most: int = 3) -> list[list[Reading]]:
        """For each row the features that speak most for leaving, the strongest first."""
        values = _matrix(known)
        parts = self._parts(values)
        found = []
        for row in range(len(values)):
            order = [i for i in np.argsort(-parts[row], kind="stable")[:most] if parts[row, i] > 0]
            names = [FEATURES[i] for i in order]
            found.append(
                [
                    Reading(REASONS[name], {"value": _shown(values[row, FEATURES.index(name)])})
                    for name in names
                ]
            )
        return found

    def reason_codes(self, known: pl.DataFrame, *, most: int = 3) -> list[list[str]]:
        """For each row the ``FAMILIES`` that speak most for leaving, the strongest first; fewer where fewer do."""
        parts = self._parts(_matrix(known))
        places = [[FEATURES.index(name) for name in names] for names in FAMILIES.values()]
        sums = np.stack([parts[:, place].sum(axis=1) for place in places], axis=1)
        codes, order = list(FAMILIES), np.argsort(-sums, axis=1, kind="stable")[:, :most]
        return [[codes[i] for i in row if sums[number, i] > 0] for number, row in enumerate(order.tolist())]

    def _parts(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shapley values of each row and feature, in log-odds of silence."""
        return np.asarray(self.trees.predict(values, pred_contrib=True))[:, :-1]


def _shown(value: float) -> float:
    return 0.0 if np.isnan(value) else float(value)


def _matrix(known: pl.DataFrame) -> NDArray[np.float64]:
    return known.select(pl.col(FEATURES).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def trained(known: pl.DataFrame, *, is_silent: NDArray[np.bool_], seed: int, threads: int = 1) -> Classifier:
    """A classifier from the features of a past day and what came after it.

    ``known`` has one row per member (and day, if several days are stacked).  Raises ``TooFewOutcomes``.
    """
    import lightgbm as lgb
    from sklearn.linear_model import LogisticRegression

    answer = np.asarray(is_silent, dtype=np.float64)
    if min(answer.sum(), len(answer) - answer.sum()) < LEAST_OUTCOMES:
        raise TooFewOutcomes(
            f"{int(answer.sum())} of {len(answer)} members left; that is too few to learn from."
        )
    settings = _SETTINGS | {"seed": seed, "num_threads": threads}
    matrix = _matrix(known)
    folds = _folds(known, seed=seed)
    unseen = np.zeros(len(answer))
    for fold in range(FOLDS):
        rest = folds != fold
        unseen[~rest] = _scores(
            lgb.train(settings, lgb.Dataset(matrix[rest], answer[rest]), ROUNDS), matrix[~rest]
        )
    line = LogisticRegression(C=1e6).fit(unseen[:, None], answer)
    whole = lgb.train(settings, lgb.Dataset(matrix, answer), ROUNDS)
    calibration = float(line.coef_[0, 0]), float(line.intercept_[0])
    return Classifier(whole, calibration, len(answer), float(answer.mean()))


def _scores(trees: Any, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds, before calibration."""
    return np.asarray(trees.predict(matrix, raw_score=True), dtype=np.float64)


def _folds(known: pl.DataFrame, *, seed: int) -> NDArray[np.int64]:
    """A fold for each row, the same for all rows of a member, so that no member teaches and tests."""
    names, place = np.unique(known["member_id"].to_numpy(), return_inverse=True)
    drawn = np.random.default_rng(seed).integers(0, FOLDS, len(names))
    return np.asarray(drawn[place], dtype=np.int64)
