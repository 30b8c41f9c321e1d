"""Maximum likelihood: the parameters of a model, how sure they are, and whether the search has ended well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from shuke.science.lifetime.histories import Floats, Histories
from shuke.science.lifetime.model import Model

#: Parameters beyond these have run away: the data do not tell them from zero or from infinity.
SMALLEST, LARGEST = 1e-6, 1e7
#: So many rows say nearly where the maximum of all of them lies.
FEW_ROWS = 10_000
#: A direction of the logarithms with less information than this, a standard error of 10, is not determined.
FLAT = 0.01


class NotFitted(ValueError):
    """No start of the search ended in a maximum."""


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    ``covariance`` is that of the logarithms of the parameters (inverse of the observed information), ``None``
    where the likelihood is flat in a direction that the forecast depends on; a flat direction of which it is free is
    left out.  ``at_bound`` names parameters that have run away and are taken as known.
    """

    model: Model
    theta: Floats
    log_likelihood: float
    covariance: Floats | None
    at_bound: tuple[str, ...]
    members: float

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates by their names in the literature."""
        return dict(zip(self.model.parameters, map(float, self.theta), strict=True))

    @property
    def bic(self) -> float:
        """Schwarz's criterion; smaller is better."""
        return len(self.theta) * float(np.log(self.members)) - 2 * self.log_likelihood


def fit(model: Model, histories: Histories) -> Fit:
    """The most likely parameters, searched by L-BFGS-B over their logarithms with the exact gradient.

    Of many rows every n-th is searched first, and the whole from where that ended: the same maximum for a
    third of the time.  Raises ``NotFitted``.

    >>> from shuke.science.lifetime.histories import grouped
    >>> from shuke.science.lifetime.nbd import Nbd
    >>> rows = grouped(frequency=np.array([0, 1, 6]), recency=np.array([0.0, 9, 60]), age=np.full(3, 70.0))
    >>> {name: round(value, 2) for name, value in fit(Nbd(), rows).parameters.items()}
    {'r': 0.76, 'alpha': 22.82}
    """
    starts = model.starts(histories)
    step = len(histories.frequency) // FEW_ROWS
    if step > 1:
        few = _highest(model, histories.rows(slice(None, None, step)), starts=starts)
        starts = starts if few is None else [np.exp(few), *starts]
    best = _highest(model, histories, starts=starts)
    if best is None:
        raise NotFitted(f"{model.name} could not be fitted to these histories.")
    return _described(model, histories, logs=best)


def _highest(model: Model, histories: Histories, *, starts: list[Floats]) -> Floats | None:
    """Logarithms of the parameters at the highest point that the search finds, if it finds one."""
    scale = histories.members
    best: tuple[float, Floats] | None = None

    def loss(logs: Floats) -> tuple[float, Floats]:
        theta = np.exp(logs)
        value, gradient = model.log_likelihood(theta, histories)
        if not np.isfinite(value):
            return 1e10, np.zeros_like(logs)
        return -value / scale, -gradient * theta / scale

    bounds = [(np.log(SMALLEST), np.log(LARGEST))] * len(model.parameters)
    for start in starts:
        first = np.clip(np.log(start), *bounds[0])
        found = minimize(
            loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-8}
        )
        if np.isfinite(found.fun) and found.fun < 1e9 and (best is None or found.fun < best[0] - 1e-12):
            best = float(found.fun), found.x
        if found.success and best is not None and float(np.abs(found.jac).max()) < 1e-6:
            break
    return None if best is None else best[1]


def _described(model: Model, histories: Histories, *, logs: Floats) -> Fit:
    theta = np.exp(logs)
    value, _gradient = model.log_likelihood(theta, histories)
    outside = (theta < SMALLEST * 1.01) | (theta > LARGEST * 0.99)
    return Fit(
        model=model,
        theta=theta,
        log_likelihood=value,
        covariance=_covariance(model, histories, logs=logs, free=np.flatnonzero(~outside)),
        at_bound=tuple(name for name, out in zip(model.parameters, outside, strict=True) if out),
        members=histories.members,
    )


def _covariance(model: Model, histories: Histories, *, logs: Floats, free: NDArray[np.intp]) -> Floats | None:
    """Inverse of the observed information of the ``free`` parameters, from differences of the exact gradient.

    Who has run away stands for a limit (no difference between members, nobody leaving): it is taken as known.
    """
    step = 1e-4
    information = np.zeros((len(free), len(free)))
    for row, place in enumerate(free):
        ends = []
        for sign in (1, -1):
            moved = logs.copy()
            moved[place] += sign * step
            theta = np.exp(moved)
            ends.append((model.log_likelihood(theta, histories)[1] * theta)[free])
        information[row] = -(ends[0] - ends[1]) / (2 * step)
    information = (information + information.T) / 2
    if not np.all(np.isfinite(information)):
        return None
    sizes, directions = np.linalg.eigh(information)
    is_flat = sizes < FLAT
    for direction in directions.T[is_flat]:
        moved = logs.copy()
        moved[free] += direction / 2
        if not _same_forecast(model, histories, (logs, moved)):
            return None
    kept = directions[:, ~is_flat]
    covariance = np.zeros((len(logs), len(logs)))
    covariance[np.ix_(free, free)] = kept @ np.diag(1 / sizes[~is_flat]) @ kept.T
    return covariance


def _same_forecast(model: Model, histories: Histories, ends: tuple[Floats, Floats]) -> bool:
    """Whether parameters that explain the past equally well also expect the same of the time to come.

    Drop-out that is the same for all has a and b that grow together without an end, and nothing depends on how far.
    """
    horizon = float(np.average(histories.age, weights=histories.weight)) or 1.0
    few = histories.rows(slice(None, None, max(1, len(histories.frequency) // FEW_ROWS)))
    here, there = (few.weight @ model.expected_orders(np.exp(logs), few, horizon=horizon) for logs in ends)
    return bool(abs(here - there) <= 1e-3 * abs(here))


def drawn(fitted: Fit, *, rng: np.random.Generator, draws: int) -> Floats:
    """Parameters drawn from the normal approximation of their logarithms: one row per draw.

    The uncertainty of the parameters, not of a single member.  Raises ``NotFitted`` where the likelihood
    is flat.
    """
    if fitted.covariance is None:
        raise NotFitted(f"The parameters of {fitted.model.name} are not determined by these histories.")
    return np.exp(rng.multivariate_normal(np.log(fitted.theta), fitted.covariance, size=draws))
