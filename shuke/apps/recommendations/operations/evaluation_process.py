"""Evaluating in a process of its own, see ``apart``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shuke.apps.recommendations.operations.apart import Apart, Refusal
from shuke.apps.recommendations.operations.own_history import NotJudged, Question, judged_history
from shuke.science.reading import Reading


def _told(missing: NotJudged) -> tuple[str, Mapping[str, Any]]:
    return missing.reading.sentence, dict(missing.reading.values)


def _raised(content: tuple[str, Mapping[str, Any]]) -> NotJudged:
    return NotJudged(Reading(*content))


#: ``judged_history`` in a child process.  Raises ``NotJudged`` and ``ProcessFailed``, and whatever ``tell`` raises.
judged_apart: Apart[Question] = Apart(
    "evaluation", judged_history, Refusal(NotJudged, _told, _raised), "history"
)
