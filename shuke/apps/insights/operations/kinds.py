"""Who answers which question.

A study is imported when it runs and not before: some load libraries that take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shuke.apps.insights.schemas import StudyFacts, StudyOutcome

#: The schemes of ``science.layer_rules.fixed_layers``.
LAYER_SCHEMES = ("rfm", "lifecycle", "spend", "value_lifecycle", "rhythm", "discount", "channel")

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


def _kinds(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.member_kinds import kinds_study

    return kinds_study(facts)


def _drivers(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.drivers import drivers_study

    return drivers_study(facts)


def _trend(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.trend import trend_study

    return trend_study(facts)


def _market(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.market import market_study

    return market_study(facts)


def _layers(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.layers import layers_study

    return layers_study(facts)


def _lifetime(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.lifetime import lifetime_study

    return lifetime_study(facts)


def _churn(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.churn import churn_study

    return churn_study(facts)


def _paths(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.paths import paths_study

    return paths_study(facts)


def _attribution(facts: StudyFacts) -> StudyOutcome:
    from shuke.apps.insights.operations.attribution import attribution_study

    return attribution_study(facts)


#: The study of each kind, in the order of the night: what others build on comes first.
RUNS: Mapping[str, Run] = MappingProxyType(
    {
        "lifetime": _lifetime,
        "churn": _churn,
        "layers": _layers,
        "affinity": _affinity,
        "replenishment": _replenishment,
        "paths": _paths,
        "attribution": _attribution,
        "kinds": _kinds,
        "drivers": _drivers,
        "trend": _trend,
        "market": _market,
        "forecast": _forecast,
    }
)

#: What each study leaves of a day in the lake: tables with a column ``as_of``, and schemes of ``member_layers``; one
#: that ends with a colon stands for all that begin so.
LEAVES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "lifetime": (("lifetime_values",), ("value",)),
        "churn": (("churn_risks",), ("churn",)),
        "layers": ((), (*LAYER_SCHEMES, "need")),
        "affinity": (("affinities",), ()),
        "replenishment": (("due_dates",), ()),
        "kinds": ((), ("kind",)),
        "market": ((), ("market:",)),
        "forecast": (("forecasts",), ()),
    }
)
