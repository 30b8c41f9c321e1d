"""Who gets which offer under a budget: a multiple-choice knapsack with a proven gap.

Each member gets at most one offer; offer j to member i is worth v and costs c; the costs may not exceed the
budget.  For a price λ of money everybody takes the offer with the largest v - λc, if that is above zero.  The least λ
whose choices fit the budget gives choices, and λB + Σ max(0, v - λc) is never below the best possible worth
(Lagrange duality; for the linear relaxation it is equal: Sinha and Zoltners 1979).  Between the choices at the two ends
of the last bisection the members with the best exchange rate are raised while money is left; what is left then goes to
whoever it still improves.

>>> import numpy as np
>>> worth, cost = np.array([[10.0, 12], [8, 9], [3, 4]]), np.array([[5.0, 9], [4, 8], [4, 5]])
>>> found = allocated(values=worth, costs=cost, budget=13)
>>> found.offer.tolist(), found.value, found.cost
([0, 0, 0], 21.0, 13.0)
>>> round(found.bound, 3)
21.2
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Halvings of the price; 60 reach the last bit of a double.
STEPS = 60


@dataclass(frozen=True)
class Allocation:
    """``offer`` of each member, -1 for none; ``gap`` is the part by which the worth may be below the best."""

    offer: NDArray[np.int64]
    value: float
    cost: float
    bound: float
    price: float

    @property
    def gap(self) -> float:
        """(bound - value) / bound: proven, whatever the best allocation is."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0


def allocated(*, values: Floats, costs: Floats, budget: float) -> Allocation:
    """The offers of all members.  ``values`` and ``costs``: (members, offers), costs not negative.

    An offer that a member may not get has value ``-inf``.  Raises ``ValueError`` for a negative budget or cost.
    """
    if budget < 0 or np.any(costs < 0):
        raise ValueError("Budget and costs must not be negative.")
    if values.shape != costs.shape or values.ndim != 2:
        raise ValueError("Values and costs need one row per member and one column per offer.")
    chosen = _chosen(values, costs, price=0.0)
    if _sum(costs, chosen) <= budget:
        value = _sum(values, chosen)
        return Allocation(chosen, value, _sum(costs, chosen), value, 0.0)
    low, high = 0.0, _highest_price(values, costs)
    lower, upper = chosen, _chosen(values, costs, price=high)
    for _step in range(STEPS):
        price = (low + high) / 2
        if price in {low, high}:
            break
        chosen = _chosen(values, costs, price=price)
        if _sum(costs, chosen) <= budget:
            high, upper = price, chosen
        else:
            low, lower = price, chosen
        if np.array_equal(lower, upper):
            break
    final = _raised(values, costs, upper=upper, lower=lower, budget=budget)
    bound = min(_bound(values, costs, price=price, budget=budget) for price in (low, high))
    return Allocation(final, _sum(values, final), _sum(costs, final), bound, high)


def _highest_price(values: Floats, costs: Floats) -> float:
    """A price at which nobody takes an offer that costs anything."""
    paid = costs > 0
    return float((values[paid] / costs[paid]).max(initial=0.0)) * 2 + 1e-9


def _chosen(values: Floats, costs: Floats, *, price: float) -> NDArray[np.int64]:
    """Each member's best offer at the price; of equal ones the cheaper."""
    best = np.zeros(len(values))
    offer = np.full(len(values), -1, dtype=np.int64)
    for j in np.argsort(costs.mean(axis=0), kind="stable"):
        left = values[:, j] - price * costs[:, j]
        better = left > best
        best[better], offer[better] = left[better], j
    return offer


def _sum(table: Floats, offer: NDArray[np.int64]) -> float:
    members = np.flatnonzero(offer >= 0)
    return float(table[members, offer[members]].sum())


def _of(table: Floats, offer: NDArray[np.int64], members: NDArray[np.int64]) -> Floats:
    return np.where(offer[members] >= 0, table[members, np.maximum(offer[members], 0)], 0.0)


def _bound(values: Floats, costs: Floats, *, price: float, budget: float) -> float:
    best = np.zeros(len(values))
    for j in range(values.shape[1]):
        np.maximum(best, values[:, j] - price * costs[:, j], out=best)
    return float(price * budget + best.sum())


def _raised(
    values: Floats, costs: Floats, *, upper: NDArray[np.int64], lower: NDArray[np.int64], budget: float
) -> NDArray[np.int64]:
    """From the choices that fit towards those that do not, the best exchange first, while money is left."""
    members = np.flatnonzero(upper != lower)
    more = _of(costs, lower, members) - _of(costs, upper, members)
    gain = _of(values, lower, members) - _of(values, upper, members)
    worth = gain > 0
    members, more, gain = members[worth], more[worth], gain[worth]
    order = np.argsort(-gain / np.maximum(more, 1e-12), kind="stable")
    left = budget - _sum(costs, upper)
    final = upper.copy()
    for place in order:
        if more[place] <= left:
            final[members[place]] = lower[members[place]]
            left -= more[place]
    return _filled(values, costs, offer=final, left=left)


def _filled(values: Floats, costs: Floats, *, offer: NDArray[np.int64], left: float) -> NDArray[np.int64]:
    """Spend what is left on single changes, the best exchange first."""
    members = np.arange(len(offer))
    have, spent = _of(values, offer, members), _of(costs, offer, members)
    rate, target = np.zeros(len(offer)), offer.copy()
    for j in range(values.shape[1]):
        gain, more = values[:, j] - have, costs[:, j] - spent
        ratio = np.where((gain > 0) & (more <= left), gain / np.maximum(more, 1e-12), 0.0)
        better = ratio > rate
        rate[better], target[better] = ratio[better], j
    for member in np.argsort(-rate, kind="stable")[: int((rate > 0).sum())]:
        more_here = costs[member, target[member]] - spent[member]
        if more_here <= left:
            offer[member] = target[member]
            left -= more_here
    return offer
