"""Which model, and whether the data tell anything of drop-out.

On regular shops of a year or less every library reports members as alive who were silent for half of it: the
likelihood is flat between "they left" and "they buy rarely".  On others the likelihood is sure, and wrong: people
pause and come back, which no model of leaving for good knows.  The gate says so instead of showing churn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.fitting import Fit, NotFitted, fit
from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.model import Model
from shuke.science.lifetime.nbd import Nbd
from shuke.science.lifetime.pareto_nbd import ParetoNbd

#: A model of drop-out must gain this many units of log-likelihood over the same buying without drop-out.
LEAST_GAIN = 3.0
#: And somebody must be more likely gone than alive.
LIKELY_GONE = 0.5
#: Standard errors by which more may come back than a model allows before it is disproved.
SURPRISE = 2.0
#: Regularity beyond this is a calendar, not a habit; the search for k ends here.
MOST_REGULAR = 12


@dataclass(frozen=True)
class Gate:
    """Whether drop-out is identified; ``reason`` is ``""``, ``no_gain``, ``nobody_gone`` or ``came_back``.

    ``gain`` is in units of log-likelihood over ``without``, the best model of buying without drop-out;
    ``likely_gone`` the number of members below P(alive) 0.5, ``may_return`` how many of them the model still
    takes for alive, and ``returned`` how many bought in the hold-out (``None`` without one).
    """

    is_identified: bool
    reason: str
    gain: float
    likely_gone: float
    may_return: float
    returned: float | None
    without: Fit


@dataclass(frozen=True)
class Choice:
    """The fits, best first by Schwarz's criterion or by hold-out error, and what the best one may say."""

    fits: tuple[Fit, ...]
    holdout_errors: dict[str, float]
    gate: Gate

    @property
    def best(self) -> Fit:
        """The chosen fit."""
        return self.fits[0]


def dropout_gate(fitted: Fit, histories: Histories, *, returned: Floats | None = None) -> Gate:
    """Whether what a fit says of drop-out may be shown.

    Compared is with buying without drop-out: the NBD, and the CNBD-k of the most likely k.
    Silence after regular buying looks like leaving to a model that takes the buying for random, so the gain
    over the NBD alone would let through what only regularity explains.

    ``returned``: for each row the part of its members who bought in a hold-out after the histories.  Who buys
    was alive, so of those whom the model takes for gone no more can buy than it takes for alive; if more did,
    by two standard errors, the model is disproved, however likely it is.

    >>> from shuke.science.lifetime.histories import grouped
    >>> x, tx = np.repeat([0, 1, 2, 4, 9], 40), np.repeat([0.0, 20, 45, 70, 85], 40)
    >>> rows = grouped(frequency=x, recency=tx, age=np.full(200, 90.0))
    >>> gate = dropout_gate(fit(BgNbd(), rows), rows)
    >>> gate.is_identified, gate.reason, gate.without.model.name
    (False, 'nobody_gone', 'NBD')
    """
    without = most_regular(Nbd, histories)
    gain = fitted.log_likelihood - without.log_likelihood
    alive = fitted.model.probability_alive(fitted.theta, histories)
    is_gone = alive < LIKELY_GONE
    weight, share = histories.weight[is_gone], alive[is_gone]
    gone, may_return = float(weight.sum()), float(weight @ share)
    came = None if returned is None else float(weight @ returned[is_gone])
    reason = ""
    if gain < LEAST_GAIN:
        reason = "no_gain"
    elif not gone:
        reason = "nobody_gone"
    elif came is not None and came > may_return + SURPRISE * float(np.sqrt(weight @ (share * (1 - share)))):
        reason = "came_back"
    return Gate(not reason, reason, gain, gone, may_return, came, without)


def most_regular(kind: type[MbgCnbd] | type[Nbd], histories: Histories) -> Fit:
    """The fit of the k whose likelihood is the largest: k rises until the likelihood falls.

    Needs the gaps between purchases (``log_gaps``); without them every k but 1 is wrong, so k stays 1.
    Raises ``NotFitted`` if k = 1 cannot be fitted.
    """
    best = fit(kind(1), histories)
    if not np.any(histories.log_gaps):
        return best
    for k in range(2, MOST_REGULAR + 1):
        try:
            found = fit(kind(k), histories)
        except NotFitted:
            break
        if found.log_likelihood <= best.log_likelihood:
            break
        best = found
    return best


def holdout_error(fitted: Fit, histories: Histories, *, orders: NDArray[np.float64], horizon: float) -> float:
    """Root mean squared error of members' orders in a hold-out of length ``horizon``.

    ``orders`` has the mean of the members of each row.
    """
    expected = fitted.model.expected_orders(fitted.theta, histories, horizon=horizon)
    return float(np.sqrt(np.average((expected - orders) ** 2, weights=histories.weight)))


def choose(
    histories: Histories,
    *,
    models: Sequence[Model] | None = None,
    holdout_orders: NDArray[np.float64] | None = None,
    returned: NDArray[np.float64] | None = None,
    horizon: float = 0.0,
) -> Choice:
    """Fit the models and order them: by hold-out error where there is one, else by Schwarz's criterion.

    Without ``models`` these are BG/NBD, MBG/NBD, Pareto/NBD and MBG/CNBD-k with the most likely k, and the NBD and
    CNBD-k, in which nobody leaves.  ``holdout_orders`` has the mean orders in the ``horizon`` after the histories
    for each row, ``returned`` the part of its members who bought in it (for the gate).  Hold-out errors
    within one per cent of the best count as equal and are ordered by the criterion.  Raises ``NotFitted`` if
    no model could be fitted.
    """
    fits = _all_fits(histories) if models is None else _fits(histories, models)
    if not fits:
        raise NotFitted("No model of repeat buying could be fitted to these histories.")
    errors = {}
    if holdout_orders is not None:
        errors = {
            f.model.name: holdout_error(f, histories, orders=holdout_orders, horizon=horizon) for f in fits
        }
    least = min(errors.values(), default=0.0)
    fits.sort(key=lambda f: (errors.get(f.model.name, 0.0) > least * 1.01, f.bic))
    return Choice(tuple(fits), errors, dropout_gate(fits[0], histories, returned=returned))


def _all_fits(histories: Histories) -> list[Fit]:
    """Every model; the regular ones with their most likely k, once where that is 1."""
    fits = _fits(histories, (Nbd(), BgNbd(), MbgCnbd(1), ParetoNbd()))
    for kind in (Nbd, MbgCnbd):
        try:
            regular = most_regular(kind, histories)
        except NotFitted:
            continue
        if regular.model not in {found.model for found in fits}:
            fits.append(regular)
    return fits


def _fits(histories: Histories, models: Sequence[Model]) -> list[Fit]:
    fits = []
    for model in models:
        try:
            fits.append(fit(model, histories))
        except NotFitted:
            continue
    return fits
