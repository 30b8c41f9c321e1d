"""Did chance give each arm the share it was promised?

A ratio that chance would hardly give means that members were lost or added after the assignment,
and then no comparison of the arms can be trusted, however small its interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Below this probability the ratio is a fault, not chance: one false alarm in a thousand tests.
ALARM = 0.001


@dataclass(frozen=True)
class SampleRatio:
    """Members per arm, what the weights promised, and how likely so large a gap is by chance.

    ``p_value`` is the chi-square test over all arms; ``p_values`` compares each arm with the
    control alone (binomial, exact below 1,000 members).  ``None`` where there is nothing to test.
    """

    members: Mapping[str, int]
    expected: Mapping[str, float]
    p_value: float | None
    p_values: Mapping[str, float]

    @property
    def is_mismatch(self) -> bool:
        """Whether the comparison must not be trusted."""
        return self.p_value is not None and self.p_value < ALARM


def sample_ratio(members: Mapping[str, int], *, weights: Mapping[str, int], control: str) -> SampleRatio:
    """Tests the counts by arm against the arms' ``weights`` (an arm without a row has 0 members).

    Raises ``ValueError`` for a counted arm without a positive weight: it should not exist.
    """
    promised = {arm: weight for arm, weight in weights.items() if weight > 0}
    strangers = sorted(set(members) - set(promised))
    if strangers:
        raise ValueError(f"No weight was given to the arms {', '.join(strangers)}.")
    counts = {arm: int(members.get(arm, 0)) for arm in promised}
    total, whole = sum(counts.values()), sum(promised.values())
    expected = {arm: total * weight / whole for arm, weight in promised.items()}
    if total == 0 or len(promised) < 2:
        return SampleRatio(members=counts, expected=expected, p_value=None, p_values={})
    import scipy.stats

    test = scipy.stats.chisquare([counts[arm] for arm in promised], [expected[arm] for arm in promised])
    return SampleRatio(
        members=counts,
        expected=expected,
        p_value=float(test.pvalue),
        p_values=_against_control(counts, weights=promised, control=control),
    )


def _against_control(
    counts: Mapping[str, int], *, weights: Mapping[str, int], control: str
) -> dict[str, float]:
    """The probability of each arm's count beside the control's."""
    if control not in weights:
        return {}
    import tea_tasting.aggr
    import tea_tasting.metrics

    summaries = {arm: tea_tasting.aggr.Aggregates(count_=count) for arm, count in counts.items()}
    test = tea_tasting.metrics.SampleRatio(dict(weights))
    return {
        arm: test.analyze(summaries, control, arm).pvalue
        for arm in counts
        if arm != control and counts[arm] + counts[control] > 0
    }
