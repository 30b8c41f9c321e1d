"""Pages of identity: the queue of pairs, searches, merges, rules, and two cards on the page of a member."""

from shuke.apps.identity.pages import words  # noqa: F401
from shuke.apps.identity.pages.member import merge_form, panel, register, unmask
from shuke.apps.identity.pages.merges import merges, undo
from shuke.apps.identity.pages.review import decide, queue, reveal, suggestion
from shuke.apps.identity.pages.rules import rules
from shuke.apps.identity.pages.searches import apply_page, progress, search, searches, start

__all__ = [
    "apply_page",
    "decide",
    "merge_form",
    "merges",
    "panel",
    "progress",
    "queue",
    "register",
    "reveal",
    "rules",
    "search",
    "searches",
    "start",
    "suggestion",
    "undo",
    "unmask",
]
