"""The questions that studies answer, in the words of a marketer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Question:
    """``text`` is translated when it is shown; ``method`` names a page of ``docs/algorithms``."""

    text: Any
    url_name: str
    method: str
    icon: str


#: By kind of study.  Every kind in ``operations.kinds`` is here.
QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        kind: Question(text, f"insights:{kind}", method, icon)
        for kind, text, method, icon in (
            ("layers", _("Who are my best members, and are they moving?"), "layers", "stack-2"),
            ("lifetime", _("What is a member worth?"), "lifetime", "diamond"),
            ("churn", _("Who is about to leave?"), "churn", "users-minus"),
            ("kinds", _("What kinds of members are there?"), "multivariate", "category"),
            ("paths", _("How do they come back?"), "paths", "route"),
            ("affinity", _("What do they buy together?"), "affinity", "affiliate"),
            ("replenishment", _("When do they need the next one?"), "paths", "calendar-time"),
            ("drivers", _("What goes with what?"), "multivariate", "git-compare"),
            ("market", _("Which market segments do we win?"), "market-segments", "chart-pie"),
            ("trend", _("Where is revenue going?"), "multivariate", "chart-line"),
            ("forecast", _("What will sell?"), "forecast", "trending-up"),
            ("attribution", _("Which channel earned it?"), "attribution", "git-branch"),
        )
    }
)

#: The questions by what they are about.
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("The members"), ("layers", "lifetime", "churn", "kinds")),
    (_("What they buy"), ("paths", "affinity", "replenishment", "drivers")),
    (_("The business"), ("market", "trend", "forecast", "attribution")),
)
