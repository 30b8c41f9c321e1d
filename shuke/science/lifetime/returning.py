"""What members bring whom a model calls gone and who come back all the same.

A model of leaving for good gives a weekly buyer who is silent for two months next to nothing.  Where the hold-out
disproves it (the gate's ``came_back``) members pause, and the part of them who do is counted: those called gone bought
at ``share`` of the pace that the best model without drop-out gives them.  Nobody is expected below that:

    orders = max(by the model, share · by the model without drop-out) = (1 - w) · by the model + w · by that without

A mixture of the two, with the weight w that each member needs for it, so that discounting and futures follow.  One
number is learned, members of whom the model is less sure keep what it says, and where the gate is open nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.lifetime.choice import LIKELY_GONE, Choice, most_regular
from shuke.science.lifetime.fitting import Fit
from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.nbd import Nbd

#: The gate's reason for which members are taken to pause.
CAME_BACK = "came_back"


@dataclass(frozen=True)
class Returning:
    """``share`` of the pace of ``without``, a fit of a model in which nobody leaves."""

    share: float
    without: Fit

    def weight(self, fitted: Fit, histories: Histories, *, horizon: float) -> Floats:
        """For each row the part w of the model without drop-out; 0 where the model expects enough by itself.

        Worked: 0.4 orders by the model, 10 by that without drop-out, share 0.55: 5.5 are expected, so w = 5.1 / 9.6 =
        0.53.
        """
        by_model = fitted.model.expected_orders(fitted.theta, histories, horizon=horizon)
        staying = self.without.model.expected_orders(self.without.theta, histories, horizon=horizon)
        lacking = np.maximum(self.share * staying - by_model, 0.0)
        return np.divide(lacking, staying - by_model, out=np.zeros_like(lacking), where=lacking > 0)


def returning_share(choice: Choice, histories: Histories, *, orders: Floats, horizon: float) -> float | None:
    """At which share of the pace without drop-out those bought in a hold-out whom the best model calls gone.

    ``orders``: for each row the mean orders of its members in the ``horizon`` after the histories.  ``None`` unless the
    hold-out disproves the model; at most 1.
    """
    if choice.gate.reason != CAME_BACK:
        return None
    without = choice.gate.without
    alive = choice.best.model.probability_alive(choice.best.theta, histories)
    weight = np.where(alive < LIKELY_GONE, histories.weight, 0.0)
    staying = without.model.expected_orders(without.theta, histories, horizon=horizon)
    return min(1.0, float(weight @ orders) / float(weight @ staying))


def returning(share: float | None, histories: Histories) -> Returning | None:
    """The same share beside what the model without drop-out says of these histories."""
    return None if share is None else Returning(share, most_regular(Nbd, histories))
