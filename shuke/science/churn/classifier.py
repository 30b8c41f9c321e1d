"""A gradient-boosted classifier of silence, calibrated, with the reasons for each member.

Trained on days in the past whose outcome is known (LightGBM, Ke and others 2017).  Scores become probabilities by
isotonic regression (Zadrozny and Elkan 2002) on predictions for members the trees had not seen.  Reasons are exact
Shapley values of the trees (TreeSHAP: Lundberg and others 2020), in log-odds; they sum to the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shuke.science.churn.features import FEATURES
from shuke.science.reading import Reading

FOLDS = 5
#: Fewer outcomes of either kind than this teach nothing.
LEAST_OUTCOMES = 20
_SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
ROUNDS = 150

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


class TooFewOutcomes(ValueError):
    """There are not enough members who left or stayed to learn from."""


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.  ``trees`` is a LightGBM booster, ``calibration`` the steps from score to probability."""

    trees: Any
    calibration: tuple[NDArray[np.float64], NDArray[np.float64]]
    members: int
    base_rate: float

    def probability(self, known: pl.DataFrame) -> NDArray[np.float64]:
        """The chance of silence of each row of ``features``."""
        scores = np.asarray(self.trees.predict(_matrix(known)))
        return np.interp(scores, *self.calibration)

    def reasons(self, known: pl.DataFrame, *, most: int = 3) -> list[list[Reading]]:
        """For each row the features that speak most for leaving, the strongest first."""
        parts = np.asarray(self.trees.predict(_matrix(known), pred_contrib=True))[:, :-1]
        values = _matrix(known)
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


def _shown(value: float) -> float:
    return 0.0 if np.isnan(value) else float(value)


def _matrix(known: pl.DataFrame) -> NDArray[np.float64]:
    return known.select(pl.col(FEATURES).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def trained(known: pl.DataFrame, *, is_silent: NDArray[np.bool_], seed: int, threads: int = 1) -> Classifier:
    """A classifier from the features of a past day and what came after it.

    ``known`` has one row per member (and day, if several days are stacked).  Raises ``TooFewOutcomes``.
    """
    import lightgbm as lgb
    from sklearn.isotonic import IsotonicRegression

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
        trees = lgb.train(settings, lgb.Dataset(matrix[rest], answer[rest]), ROUNDS)
        unseen[~rest] = trees.predict(matrix[~rest])
    steps = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0).fit(unseen, answer)
    whole = lgb.train(settings, lgb.Dataset(matrix, answer), ROUNDS)
    calibration = np.asarray(steps.X_thresholds_), np.asarray(steps.y_thresholds_)
    return Classifier(whole, calibration, len(answer), float(answer.mean()))


def _folds(known: pl.DataFrame, *, seed: int) -> NDArray[np.int64]:
    """A fold for each row, the same for all rows of a member, so that no member teaches and tests."""
    names = known["member_id"].unique().sort().to_list()
    drawn = np.random.default_rng(seed).integers(0, FOLDS, len(names))
    place = dict(zip(names, drawn.tolist(), strict=True))
    return np.array([place[name] for name in known["member_id"]])
