"""What every app knows of a member, to be handed out or erased on request.

Each app that holds personal data has a ``privacy.py`` that registers, under the app's name, what it
has of these four; the modules are loaded at start and ``shuke.apps.compliance`` runs them:

* an **exporter** hands out what the app holds;
* a **tracer** tells, before anything is erased, by which values the person is known;
* an **eraser** deletes rows of the database, in one transaction with those of all other apps;
* a **sweeper** removes the person from what lies outside the database: files, spools, raw copies.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Traced:
    """One value by which a person is known: in the clear, with the hash it is stored under (or none).

    ``kind`` is the identifier's (email phone card external anonymous unionid …) or ``name``.
    ``person_key`` is its key in the lake, empty for a name.
    """

    kind: str
    value: str
    scope: str = ""
    person_key: str = ""
    value_hash: str = ""


@dataclass(frozen=True)
class Trace:
    """All that must be found nowhere after an erasure, except the member's random id in the audit."""

    member_id: str
    identifiers: tuple[Traced, ...] = ()
    person_keys: tuple[str, ...] = ()

    def values(self, *kinds: str) -> list[str]:
        """The values in the clear of these kinds, or of all."""
        return [item.value for item in self.identifiers if item.value and (not kinds or item.kind in kinds)]

    def as_data(self) -> dict[str, Any]:
        """Plain data that ``from_data`` reads; keep it encrypted only."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Trace":
        """The trace of ``as_data``."""
        identifiers = tuple(Traced(**item) for item in data["identifiers"])
        return cls(data["member_id"], identifiers, tuple(data["person_keys"]))


#: From a member's public id to plain data (what JSON can hold); empty when the app knows nothing.
Exporter = Callable[[str], Any]
#: From a member's public id to the values by which the app knows the person.
Tracer = Callable[[str], Iterable[Traced]]
#: From a member's public id and the time to the person keys whose facts must leave the lake as well.
Eraser = Callable[[str, datetime], Iterable[str]]
#: From the traces of people who are being erased and the time to how many places were changed.
Sweeper = Callable[[tuple[Trace, ...], datetime], int]

_exporters: dict[str, Exporter] = {}
_tracers: dict[str, Tracer] = {}
_erasers: dict[str, Eraser] = {}
_sweepers: dict[str, Sweeper] = {}


def register_exporter(app: str) -> Callable[[Exporter], Exporter]:
    """Decorator: the function tells what the app holds of a member.  One per app; the last wins."""

    def register(exporter: Exporter) -> Exporter:
        _exporters[app] = exporter
        return exporter

    return register


def register_tracer(app: str) -> Callable[[Tracer], Tracer]:
    """Decorator: the function tells by which values a member is known, before any eraser ran."""

    def register(tracer: Tracer) -> Tracer:
        _tracers[app] = tracer
        return tracer

    return register


def register_eraser(app: str) -> Callable[[Eraser], Eraser]:
    """Decorator: the function erases what the app's tables hold of a member.  It must be safe to run twice."""

    def register(eraser: Eraser) -> Eraser:
        _erasers[app] = eraser
        return eraser

    return register


def register_sweeper(app: str) -> Callable[[Sweeper], Sweeper]:
    """Decorator: the function erases people from files.  It must be safe to run twice, and to be killed.

    Sweepers run after the erasers' transaction was committed, outside any transaction, for several
    people at once; one that fails is run again later, with the same traces.
    """

    def register(sweeper: Sweeper) -> Sweeper:
        _sweepers[app] = sweeper
        return sweeper

    return register


def exporters() -> dict[str, Exporter]:
    """Every exporter by its app."""
    return dict(_exporters)


def erasers() -> dict[str, Eraser]:
    """Every eraser by its app."""
    return dict(_erasers)


def sweepers() -> dict[str, Sweeper]:
    """Every sweeper by its app, in the order in which they run."""
    return dict(sorted(_sweepers.items()))


def export_all(member_id: str) -> dict[str, Any]:
    """Everything held of a member, by app."""
    return {app: exporter(member_id) for app, exporter in sorted(_exporters.items())}


def trace_of(member_id: str) -> Trace:
    """By which values the person is known now."""
    found = tuple(item for _, tracer in sorted(_tracers.items()) for item in tracer(member_id))
    return Trace(member_id, found, tuple(dict.fromkeys(item.person_key for item in found if item.person_key)))


def erase_all(member_id: str, at: datetime) -> set[str]:
    """Run every eraser in the caller's transaction; returns the person keys to erase from the lake."""
    return {key for _, eraser in sorted(_erasers.items()) for key in eraser(member_id, at)}
