"""Who answers which question.

A study is imported when it runs and not before: some load libraries that take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shuke.apps.insights.schemas import StudyFacts, StudyOutcome

Run = Callable[[StudyFacts], StudyOutcome]

#: The study of each kind, in the order of the night: what others build on comes first.
RUNS: Mapping[str, Run] = MappingProxyType({})
