"""Removal effects of an absorbing Markov chain, solved exactly (Anderl, Becker, von Wangenheim and Schumann 2016).

Touches are states, conversion and failure absorb.  With Q the probabilities between touches and c those to
conversion, the probability to convert from the start is the first entry of (I - Q)^-1 c.  Without a channel every
step into it fails; what is lost of the probability is the channel's removal effect, and conversions are shared in
proportion to these.

Worked: paths ``a > b`` (1 conversion), ``a`` (1 failure), ``b`` (1 conversion): P = 2/3.  Without a, only ``b`` is
left: 1/3, effect 1/2.  Without b nothing converts: effect 1.  Of 2 conversions a gets 2/3, b 4/3.

>>> from shuke.science.attribution.touches import chain, paths_table
>>> result = removal_effects(chain(paths_table([("a > b", 1, 0, 0), ("a", 0, 1, 0), ("b", 1, 0, 0)])))
>>> round(result.probability, 6), {k: round(v, 6) for k, v in result.effects.items()}
(0.666667, {'a': 0.5, 'b': 1.0})
>>> {k: round(v, 6) for k, v in result.shares.items()}
{'a': 0.333333, 'b': 0.666667}

Assumption: the next touch depends on the present one only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuke.science.attribution.touches import Chain


@dataclass(frozen=True)
class RemovalEffects:
    """``probability`` to convert from the start; each channel's ``effects`` and its part of the conversions."""

    probability: float
    effects: dict[str, float]
    shares: dict[str, float]


def _probability(
    moves: NDArray[np.float64], converts: NDArray[np.float64], fails: NDArray[np.float64]
) -> float:
    """From the start to conversion.  States that nothing leaves fail."""
    total = moves.sum(axis=1) + converts + fails
    scale = np.where(total > 0, total, 1.0)[:, None]
    among = moves / scale
    # A step from a channel to itself changes nothing but the time it takes; it is taken out so that a path
    # that only ever repeats one channel cannot make the system singular.
    loops = np.diag(among)
    among = (among - np.diag(loops)) / np.where(loops < 1, 1 - loops, 1.0)[:, None]
    ends = converts / scale[:, 0] / np.where(loops < 1, 1 - loops, 1.0)
    return float(np.linalg.solve(np.eye(len(among)) - among, ends)[0])


def removal_effects(counts: Chain) -> RemovalEffects:
    """The effects of all channels.  Without any conversion all are zero."""
    whole = _probability(counts.moves, counts.converts, counts.fails)
    effects = {}
    for i, channel in enumerate(counts.channels, start=1):
        moves, converts, fails = counts.moves.copy(), counts.converts.copy(), counts.fails.copy()
        fails += moves[:, i]
        moves[:, i] = 0
        moves[i], converts[i], fails[i] = 0, 0, 1
        effects[channel] = 1 - _probability(moves, converts, fails) / whole if whole else 0.0
    total = sum(effects.values())
    shares = {channel: effect / total if total else 0.0 for channel, effect in effects.items()}
    return RemovalEffects(whole, effects, shares)
