"""What a member buys again and again: personal frequency, its decay with time, and a prior of recent popularity.

    score = sum over the member's baskets with the item of 0.5 ^ (age / half-life) + λ · recent / max(recent)

Age is in days from the moment the member is asked; ``recent`` counts baskets with the item in the last 28 days known.
Without decay and with a tiny λ this is "GP-TopFreq" of Li et al. 2023 (A next basket recommendation reality check):
the member's most frequent items, filled up by the popular.  Half-life and λ are chosen on validation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shuke.science.recommendations.histories import DAY, History


@dataclass(frozen=True)
class PersonalFrequency:
    """``half_life`` in days (None: no decay); ``prior`` is λ (0: no fill); ``days`` of recent popularity;
    ``last``: only so many latest baskets of each member count (None: all)."""

    half_life: float | None = 90.0
    prior: float = 0.8
    days: int = 28
    last: int | None = None

    @property
    def name(self) -> str:
        """``personal-frequency``, or its best known special cases."""
        if self.half_life is None and self.last is None:
            return "gp-topfreq" if self.prior else "personal-top"
        return "personal-frequency"

    def fit(self, history: History, *, rng: np.random.Generator) -> FrequencyModel:  # noqa: ARG002 - no chance in it
        """Sum the decayed purchases of each member."""
        return self.of_members(history, recent=history.popularity(days=self.days), end=history.end)

    def of_members(self, history: History, *, recent: np.ndarray, end: int) -> FrequencyModel:
        """The model of a part of the members: ``recent`` popularity and ``end`` are those of everybody."""
        known = history if self.last is None else history.keeping(history.basket_back < self.last)
        age = (end - known.basket_time[known.row_basket]) / DAY
        weights = np.ones(len(age)) if self.half_life is None else np.exp2(-age / self.half_life)
        return FrequencyModel(
            own=known.counts(weights),
            prior=self.prior * recent / max(float(recent.max(initial=0)), 1.0),
            end=end,
            half_life=self.half_life,
        )


@dataclass(frozen=True, eq=False)
class FrequencyModel:
    """``own``: members × items as of ``end``."""

    own: sparse.csr_matrix
    prior: np.ndarray
    end: int
    half_life: float | None

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``."""
        own = self.own[members].toarray()
        if self.half_life is not None:
            # Ages count from the moment of asking: the same factor for all of a member's items.
            own *= np.exp2((self.end - at) / DAY / self.half_life)[:, None]
        own += self.prior
        if not self.prior.any():
            own[own == 0] = -np.inf
        return own.astype(np.float32)
