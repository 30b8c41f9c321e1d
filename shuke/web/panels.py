"""Places on the page of a member that apps fill: the page knows its places, each app its panel.

Calls go down the hill only, and nearly every app knows something of a member.  So the page lies at
the bottom, in ``members``, and the apps above register here, in ``AppConfig.ready``, what they show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

Context = Callable[[HttpRequest, str], dict[str, Any]]
Search = Callable[[str], list[str]]


@dataclass(frozen=True)
class MemberPanel:
    """A card on the page of a member.

    ``context`` gets the request and the member's public id and returns what ``template`` is rendered
    with.  Panels stand in the side column by ``order``; only who holds ``permission`` sees one.
    """

    name: str
    permission: str
    order: int
    template: str
    context: Context


_PANELS: dict[str, MemberPanel] = {}
_SEARCHES: list[Search] = []


def register_member_panel(panel: MemberPanel) -> None:
    """Add a panel; the same name again replaces it."""
    _PANELS[panel.name] = panel


def member_panels() -> list[MemberPanel]:
    """All panels in their order."""
    return sorted(_PANELS.values(), key=lambda panel: (panel.order, panel.name))


def register_member_search(search: Search) -> None:
    """Add a way to find members by a text: returns public ids."""
    if search not in _SEARCHES:
        _SEARCHES.append(search)


def found_members(text: str) -> list[str]:
    """Public ids of the members whom any search finds, each once."""
    return list(dict.fromkeys(member_id for search in _SEARCHES for member_id in search(text)))
