"""What every app knows of a member, to be handed out or erased on request.

Each app that holds personal data has a ``privacy.py`` that registers one exporter and one eraser
under the app's name; the modules are loaded at start.  ``shuke.apps.compliance`` runs them.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

#: From a member's public id to plain data (what JSON can hold); empty when the app knows nothing.
Exporter = Callable[[str], Any]
#: From a member's public id and the time to the person keys whose facts must leave the lake as well.
Eraser = Callable[[str, datetime], Iterable[str]]

_exporters: dict[str, Exporter] = {}
_erasers: dict[str, Eraser] = {}


def register_exporter(app: str) -> Callable[[Exporter], Exporter]:
    """Decorator: the function tells what the app holds of a member.  One per app; the last wins."""

    def register(exporter: Exporter) -> Exporter:
        _exporters[app] = exporter
        return exporter

    return register


def register_eraser(app: str) -> Callable[[Eraser], Eraser]:
    """Decorator: the function erases what the app holds of a member.  It must be safe to run twice."""

    def register(eraser: Eraser) -> Eraser:
        _erasers[app] = eraser
        return eraser

    return register


def exporters() -> dict[str, Exporter]:
    """Every exporter by its app."""
    return dict(_exporters)


def erasers() -> dict[str, Eraser]:
    """Every eraser by its app."""
    return dict(_erasers)


def export_all(member_id: str) -> dict[str, Any]:
    """Everything held of a member, by app."""
    return {app: exporter(member_id) for app, exporter in sorted(_exporters.items())}


def erase_all(member_id: str, at: datetime) -> set[str]:
    """Run every eraser in the caller's transaction; returns the person keys to erase from the lake."""
    return {key for _, eraser in sorted(_erasers.items()) for key in eraser(member_id, at)}
