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


#: By kind of study.  Every kind in ``operations.kinds`` is here.
QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "layers": Question(
            _("Who are my best members, and are they moving?"), "insights:layers", "layers"
        ),
        "lifetime": Question(_("What is a member worth?"), "insights:lifetime", "lifetime"),
        "churn": Question(_("Who is about to leave?"), "insights:churn", "churn"),
        "affinity": Question(_("What do they buy together?"), "insights:affinity", "affinity"),
        "replenishment": Question(_("When do they need the next one?"), "insights:replenishment", "paths"),
        "paths": Question(_("How do they come back?"), "insights:paths", "paths"),
        "attribution": Question(_("Which channel earned it?"), "insights:attribution", "attribution"),
        "kinds": Question(_("What kinds of members are there?"), "insights:kinds", "multivariate"),
        "drivers": Question(_("What goes with what?"), "insights:drivers", "multivariate"),
        "trend": Question(_("Where is revenue going?"), "insights:trend", "multivariate"),
        "market": Question(_("Which market segments do we win?"), "insights:market", "market-segments"),
        "forecast": Question(_("What will sell?"), "insights:forecast", "forecast"),
    }
)
