"""Places on the page of a member that apps fill: the page knows its places, each app its panel.

Calls go down the hill only, and nearly every app knows something of a member.  So the page lies at
the bottom, in ``members``, and the apps above register here, in ``AppConfig.ready``, what they show.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

Context = Callable[[HttpRequest, str], dict[str, Any]]
Search = Callable[[str], list[str]]
Names = Callable[[Collection[str]], Mapping[str, str]]


@dataclass(frozen=True)
class MemberPanel:
    """A card on the page of a member.

    ``context`` gets the request and the member's public id and returns what ``template`` is rendered
    with.  Panels stand in the side column by ``order``, wide ones in the main column; only who holds
    ``permission`` sees one.
    """

    name: str
    permission: str
    order: int
    template: str
    context: Context
    is_wide: bool = False


@dataclass(frozen=True)
class ProductPanel:
    """A card on the page of a product, as a ``MemberPanel`` is one on that of a member; ``context`` gets its id."""

    name: str
    permission: str
    order: int
    template: str
    context: Context


@dataclass(frozen=True)
class TimelineItem:
    """Something that happened with a member, told by the app that knows of it.

    ``title`` is a sentence in the reader's language, ``reference`` the id of the thing and ``url`` its
    page, ``channel`` a code that the timeline can be filtered by.  ``reference`` and ``what`` together
    must tell two items of one instant apart.
    """

    at: datetime
    what: str
    title: str
    detail: str = ""
    channel: str = ""
    reference: str = ""
    url: str = ""


@dataclass(frozen=True)
class TimelineKind:
    """A kind of thing on the timeline of a member, beside those that the lake tells.

    ``read`` gets the member's public id, the moment up to which (included; ``None`` for now) and how many
    are wanted, and returns the newest first.
    """

    name: str
    label: str | Promise
    icon: str
    permission: str
    read: Callable[[str, datetime | None, int], list[TimelineItem]]


@dataclass(frozen=True)
class MemberFilter:
    """A menu over the list of members: ``choices`` are (code, label), ``member_ids`` who fits a code."""

    name: str
    label: str | Promise
    permission: str
    choices: Callable[[], list[tuple[str, str]]]
    member_ids: Callable[[str], Collection[str]]


_PANELS: dict[str, MemberPanel] = {}
_PRODUCT_PANELS: dict[str, ProductPanel] = {}
_SEARCHES: list[Search] = []
_KINDS: dict[str, TimelineKind] = {}
_FILTERS: dict[str, MemberFilter] = {}
_NAMES: dict[str, list[Names]] = {}


def register_member_panel(panel: MemberPanel) -> None:
    """Add a panel; the same name again replaces it."""
    _PANELS[panel.name] = panel


def member_panels() -> list[MemberPanel]:
    """All panels in their order."""
    return sorted(_PANELS.values(), key=lambda panel: (panel.order, panel.name))


def register_product_panel(panel: ProductPanel) -> None:
    """Add a panel to the page of a product; the same name again replaces it."""
    _PRODUCT_PANELS[panel.name] = panel


def product_panels() -> list[ProductPanel]:
    """All panels of a product in their order."""
    return sorted(_PRODUCT_PANELS.values(), key=lambda panel: (panel.order, panel.name))


def register_member_search(search: Search) -> None:
    """Add a way to find members by a text: returns public ids."""
    if search not in _SEARCHES:
        _SEARCHES.append(search)


def found_members(text: str) -> list[str]:
    """Public ids of the members whom any search finds, each once."""
    return list(dict.fromkeys(member_id for search in _SEARCHES for member_id in search(text)))


def register_timeline_kind(kind: TimelineKind) -> None:
    """Add a kind to the timeline of members; the same name again replaces it."""
    _KINDS[kind.name] = kind


def timeline_kinds() -> list[TimelineKind]:
    """The added kinds by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]


def register_member_filter(member_filter: MemberFilter) -> None:
    """Add a menu to the list of members; the same name again replaces it."""
    _FILTERS[member_filter.name] = member_filter


def member_filters() -> list[MemberFilter]:
    """The added menus by name."""
    return [_FILTERS[name] for name in sorted(_FILTERS)]


def register_names(noun: str, names: Names) -> None:
    """Say what things of a noun (account, source, campaign …) are called: public id → name, where known."""
    known = _NAMES.setdefault(noun, [])
    if names not in known:
        known.append(names)


def names_of(noun: str, ids: Iterable[str]) -> dict[str, str]:
    """The names of those ids that any app knows."""
    wanted = sorted(set(ids))
    found: dict[str, str] = {}
    for names in _NAMES.get(noun, []) if wanted else []:
        found |= names(wanted)
    return found
