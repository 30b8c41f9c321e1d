"""What members bring whom a model calls gone and who come back all the same.

A model of leaving for good gives a weekly buyer who is silent for two months next to nothing.  Where the hold-out
disproves it (the gate's ``came_back``) members pause, and the hold-out tells at which part of their pace;
their pace is what the best model without drop-out says ("without"):

    part = exp(level + by_silence · ln(days silent / length of the hold-out) + by_model · ln(by the model / without))
    orders = (1 - doubt) · by the model + doubt · part · without,     doubt = (1 - P(alive)) / (1 - 0.8), at most 1

by Poisson regression with three numbers over everybody, each counted as much as they are doubted.  Whom the model is
sure of keeps what it says, and where the gate is open nothing changes.

So that discounting and futures follow, this is told as a mixture: in the part w of a member's futures nobody leaves,
or, where less is expected than the model says, nothing comes in the part -w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from shuke.science.lifetime.choice import LIKELY_GONE, Choice, most_regular
from shuke.science.lifetime.fitting import Fit
from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.nbd import Nbd

#: The gate's reason for which members are taken to pause.
CAME_BACK = "came_back"
#: From this P(alive) down a member is doubted the more, and wholly at ``WHOLLY``.
WHOLLY = 0.8
#: What a model gives at least of the pace without drop-out: below it says no more than "nothing".
LEAST = 1e-3
#: Silences longer than those of this part of the members called gone are pauses; shorter ones are waiting.
WAITING = 0.1
#: How strongly the slopes are held at zero, in units of log-likelihood: a handful of members tells no slope.
RIDGE = 1.0


@dataclass(frozen=True)
class Comeback:
    """What a hold-out of ``horizon`` says; silences beyond ``silences`` tell of no pause and count as its ends.

    ``share``: what those called gone (P(alive) below 0.5) bought, over what they would have if nobody ever left.
    """

    share: float
    level: float
    by_silence: float
    by_model: float
    horizon: float
    silences: tuple[float, float]

    def part(self, histories: Histories, *, by_model: Floats, staying: Floats) -> Floats:
        """At which part of the pace without drop-out each row buys, at most 1; see the module.

        ``by_model`` and ``staying``: the orders in ``horizon`` by the model and by that without drop-out.

        Worked: silent for 60 days after a hold-out of 90, 0.1 orders by the model and 5 without, level -0.02, slopes
        0.47 and 0.09: exp(-0.02 + 0.47 · ln(60 / 90) + 0.09 · ln(0.1 / 5)) = 0.57.
        """
        silent, doubted = _facts(histories, by_model=by_model, staying=staying)
        known = np.clip(silent, *self.silences)
        told = self.level + self.by_silence * np.log(known / self.horizon) + self.by_model * doubted
        return np.exp(np.minimum(told, 0.0))


@dataclass(frozen=True)
class Returning:
    """What was learned, beside ``without``, a fit of a model in which nobody leaves."""

    comeback: Comeback
    without: Fit

    def weight(self, fitted: Fit, histories: Histories, *, horizon: float) -> Floats:
        """For each row the part w of futures in which nobody leaves; below 0 the part -w in which nothing comes.

        Worked: 0.4 orders by the model, 10 by that without drop-out, wholly doubted, part 0.55: 5.5 are expected, so
        w = 5.1 / 9.6 = 0.53.  With 7 by the model: w = (5.5 - 7) / 7 = -0.21.
        """
        learned = self.comeback.horizon
        doubt = _doubt(fitted, histories)
        told = [_orders(found, histories, horizon=learned) for found in (fitted, self.without)]
        part = self.comeback.part(histories, by_model=told[0], staying=told[1])
        by_model, staying = (
            told
            if horizon == learned
            else [_orders(f, histories, horizon=horizon) for f in (fitted, self.without)]
        )
        lacking = doubt * (part * staying - by_model)
        # A part of what stays is more than the model says only where what stays is.
        room = np.where(lacking > 0, staying - by_model, by_model)
        return np.divide(lacking, room, out=np.zeros_like(lacking), where=room > 0)


def _orders(found: Fit, histories: Histories, *, horizon: float) -> Floats:
    return found.model.expected_orders(found.theta, histories, horizon=horizon)


def _doubt(fitted: Fit, histories: Histories) -> Floats:
    alive = fitted.model.probability_alive(fitted.theta, histories)
    return np.clip((1.0 - alive) / (1.0 - WHOLLY), 0.0, 1.0)


def _facts(histories: Histories, *, by_model: Floats, staying: Floats) -> tuple[Floats, Floats]:
    """Days (or weeks) of silence, and the logarithm of the model's part of what stays."""
    silent = np.maximum(histories.age - histories.recency, 1.0)
    return silent, np.log(np.clip(by_model / staying, LEAST, 1.0))


def mixed(by_model: Floats, staying: Floats, *, weight: Floats) -> Floats:
    """Orders of the mixture: see :meth:`Returning.weight`."""
    mixture: Floats = (1.0 - np.abs(weight)) * by_model + np.maximum(weight, 0.0) * staying
    return mixture


def mixed_draws(
    by_model: NDArray[np.int64], staying: NDArray[np.int64], *, weight: Floats, drawn: Floats
) -> NDArray[np.int64]:
    """One future of the mixture for each row; ``drawn``: uniform numbers."""
    others = np.where(weight > 0, staying, 0)
    return np.where(drawn < np.abs(weight), others, by_model)


def comeback(choice: Choice, histories: Histories, *, orders: Floats, horizon: float) -> Comeback | None:
    """What a hold-out tells of members whom the best model doubts.

    ``orders``: for each row the mean orders of its members in the ``horizon`` after the histories.  ``None`` unless the
    hold-out disproves the model.
    """
    if choice.gate.reason != CAME_BACK:
        return None
    best, without = choice.best, choice.gate.without
    by_model, staying = (_orders(found, histories, horizon=horizon) for found in (best, without))
    silent, doubted = _facts(histories, by_model=by_model, staying=staying)
    alive = best.model.probability_alive(best.theta, histories)
    weight = np.where(alive < LIKELY_GONE, histories.weight, 0.0)
    share = min(1.0, float(weight @ orders) / float(weight @ staying))
    silences = _pauses(silent, weight)
    doubt = _doubt(best, histories)
    known = np.log(np.clip(silent, *silences) / horizon)
    numbers = _numbers(
        np.column_stack([np.ones(len(silent)), known, doubted]),
        sure=(1.0 - doubt) * by_model,
        rest=doubt * staying,
        orders=orders,
        weight=histories.weight,
    )
    level, by_silence, slope = (float(number) for number in numbers)
    return Comeback(share, level, by_silence, slope, horizon, silences)


def _pauses(silent: Floats, weight: Floats) -> tuple[float, float]:
    """From when on a silence is a pause, and the longest that was seen."""
    order = np.argsort(silent)
    counted = np.cumsum(weight[order])
    first = order[np.searchsorted(counted, WAITING * counted[-1])]
    return float(silent[first]), float(silent[weight > 0].max())


def _numbers(facts: Floats, *, sure: Floats, rest: Floats, orders: Floats, weight: Floats) -> Floats:
    """Most likely level and slopes where orders are Poisson with mean sure + rest · exp(facts · numbers)."""
    held = np.array([0.0, RIDGE, RIDGE])

    def lost(numbers: Floats) -> tuple[float, Floats]:
        part = np.exp(np.clip(facts @ numbers, -8.0, 3.0))
        mean = sure + rest * part + 1e-9
        value = float(weight @ (mean - orders * np.log(mean))) + 0.5 * float(held @ numbers**2)
        slope = facts.T @ (weight * (1.0 - orders / mean) * rest * part) + held * numbers
        return value, slope

    return np.asarray(minimize(lost, np.array([-0.5, 0.0, 0.0]), jac=True, method="BFGS").x)


def returning(learned: Comeback | None, histories: Histories) -> Returning | None:
    """What was learned beside what the model without drop-out says of these histories."""
    return None if learned is None else Returning(learned, most_regular(Nbd, histories))
