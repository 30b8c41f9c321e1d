"""CUPED: the part of an outcome that was already visible before the experiment is taken out.

Adjusted outcome = outcome - θ (covariate - mean covariate), θ = cov / var over both arms.  The arms
agree before the treatment but for chance, so the expected difference stays and its interval
narrows by the share of variance that the covariate explains (Deng, Xu, Kohavi, Walker 2013).
"""

from __future__ import annotations

from dataclasses import replace

from shuke.science.lift import Metric, Summary


def adjusted(metric: Metric, *, covariate: str, denominator_covariate: str | None = None) -> Metric:
    """The same metric, adjusted by columns measured before the experiment.

    Raises ``ValueError`` if a ratio's denominator has no counterpart, or a mean is given one.
    """
    if (metric.denominator is None) != (denominator_covariate is None):
        raise ValueError("A ratio needs a covariate for its denominator; a mean must not have one.")
    return replace(metric, covariate=covariate, denominator_covariate=denominator_covariate)


def variance_removed(summary: Summary, *, outcome: str, covariate: str) -> float:
    """Share of the outcome's variance that the covariate explains, 0 to 1 (squared correlation)."""
    spread = summary.var(outcome) * summary.var(covariate)
    if not spread > 0:
        return 0.0
    return float(summary.cov(outcome, covariate) ** 2 / spread)
