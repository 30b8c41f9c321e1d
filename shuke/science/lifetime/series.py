"""Expected purchases of somebody who still buys, as a series over the coming purchases.

Given that a member is alive, its rate λ is gamma distributed with ``shape`` and ``rate`` and the probability p
to leave after a purchase is beta distributed with ``a`` and ``b``, independently.  The n-th coming purchase
happens if the purchases before it did not end in leaving and if at least n fall into the horizon:

    E[Y] = Σ_n E[(1 - p)^(n - 1)] · P(N >= n),   N ~ negative binomial with (shape, rate / (rate + horizon))

Both factors are closed, so nothing is approximated but the end of the series; the hypergeometric form of
Fader, Hardie and Lee (2005, equation 10) is its sum.  With purchases at every k-th event of the process
(Erlang times), of which the member has waited through ``stage`` already, N >= n becomes N >= n·k - stage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln

from shuke.science.lifetime.histories import Floats

#: The series ends where the terms of every row together are this small part of the sum.
TAIL = 1e-10
LONGEST = 20_000


def expected_purchases(
    *,
    shape: ArrayLike,
    rate: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    horizon: float,
    k: int = 1,
    stage: int = 0,
) -> Floats:
    """For each row the expected purchases within the horizon of a member who still buys.

    ``shape``, ``rate``, ``a`` and ``b`` are broadcast; ``stage`` is below ``k``.
    """
    shape, rate, a, b = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (shape, rate, a, b))
    )
    total = np.zeros(shape.shape)
    if horizon <= 0:
        return total
    happens = horizon / (rate + horizon)
    base = betaln(a, b)
    active = np.arange(shape.size)
    for n in range(1, LONGEST):
        s, q, beta_a, beta_b = (value.ravel()[active] for value in (shape, happens, a, b))
        stays = np.exp(betaln(beta_a, beta_b + (n - 1)) - base.ravel()[active])
        # P(N >= m) of a negative binomial is a regularised incomplete beta function.
        term = stays * betainc(np.float64(n * k - stage), s, q)
        total.ravel()[active] += term
        active = active[term > TAIL * np.maximum(total.ravel()[active], 1e-12)]
        if active.size == 0:
            break
    return total
