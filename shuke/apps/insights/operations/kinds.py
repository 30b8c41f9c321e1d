"""Who answers which question.

A study is imported when it runs and not before: some load libraries that take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shuke.apps.insights.schemas import StudyFacts, StudyOutcome

Run = Callable[[StudyFacts], StudyOutcome]


def _affinity(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.affinity import affinity_study

    return affinity_study(facts)


def _replenishment(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.replenishment import replenishment_study

    return replenishment_study(facts)


def _forecast(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.forecast import forecast_study

    return forecast_study(facts)


#: The study of each kind, in the order of the night: what others build on comes first.
RUNS: Mapping[str, Run] = MappingProxyType(
    {
        "affinity": _affinity,
        "replenishment": _replenishment,
        "forecast": _forecast,
    }
)
