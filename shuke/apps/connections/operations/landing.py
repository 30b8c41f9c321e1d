"""Where checked rows go: to the lake, or to the app that registered itself for a kind.

Connections lies low on the hill.  Apps above it register here when they are loaded: identity says who
an identifier belongs to and takes member lists in, campaigns takes campaign history in.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import polars as pl

from shuke.apps.connections.schemas import Landed, Origin, RowIssue
from shuke.sources.files.fields import ANONYMOUS, PERSON_FIELD_NAMES

#: Told how far a landing is: rows done, rows in all.
Tell = Callable[[int, int], None]


class PersonKeyResolver(Protocol):
    """Finds or creates the person_key of identifiers of one kind.  Values that are no identifier are left out."""

    def __call__(self, *, at: datetime, origin: Origin, kind: str, values: list[str]) -> Mapping[str, str]:
        """Value → person_key."""


class Lander(Protocol):
    """Takes rows of a kind in.  Must change nothing when it is given the same rows again.

    ``rows`` has ``row_no``, a column for each field of the kind (null where the file has none),
    ``attribute:<name>`` for free attributes, and ``person_key`` where the kind names a person.
    """

    def __call__(self, *, at: datetime, origin: Origin, rows: pl.DataFrame, tell: Tell) -> Landed:
        """What was done."""


class Companion(Protocol):
    """Takes what a kind's rows hold besides the lake's part, such as receivers.  Repeating changes nothing."""

    def __call__(self, *, at: datetime, origin: Origin, rows: pl.DataFrame) -> None:
        """Keep it.  ``rows`` as for a lander; they lie in the lake already."""


_companions: dict[str, Companion] = {}
_landers: dict[str, Lander] = {}
_resolvers: list[PersonKeyResolver] = []


def register_lander(kind: str, lander: Lander) -> None:
    """Let a function take the rows of a kind in.  The last one registered counts."""
    _landers[kind] = lander


def register_companion(kind: str, companion: Companion) -> None:
    """Let a function keep what the lake may not hold of a kind's rows.  The last one registered counts."""
    _companions[kind] = companion


def companion_of(kind: str) -> Companion | None:
    """The companion of a kind, if one is registered."""
    return _companions.get(kind)


def register_person_key_resolver(resolver: PersonKeyResolver) -> None:
    """Let a function say whose an identifier is.  The last one registered counts."""
    _resolvers[:] = [resolver]


def lander_of(kind: str) -> Lander | None:
    """The lander of a kind, if one is registered."""
    return _landers.get(kind)


def person_keys(*, at: datetime, origin: Origin, kind: str, values: list[str]) -> Mapping[str, str]:
    """The person_key of each value of one kind of identifier; values that are no identifier are left out."""
    if not _resolvers:
        raise RuntimeError("No app has registered who identifiers belong to.")
    return _resolvers[0](at=at, origin=origin, kind=kind, values=values) if values else {}


def with_person_keys(
    rows: pl.DataFrame, *, at: datetime, origin: Origin
) -> tuple[pl.DataFrame, list[RowIssue]]:
    """The rows with ``person_key`` of their first identifier; rows without one are ``anonymous``.

    Rows whose identifier is none (an e-mail address that is not one) come back as issues.
    """
    if not _resolvers:
        raise RuntimeError("No app has registered who identifiers belong to.")
    first = pl.coalesce(*(pl.when(pl.col(k).is_not_null()).then(pl.lit(k)) for k in PERSON_FIELD_NAMES))
    named = rows.with_columns(first.alias("__kind"))
    value = pl.coalesce(*(pl.when(pl.col("__kind") == k).then(pl.col(k)) for k in PERSON_FIELD_NAMES))
    named = named.with_columns(value.alias("__value"))
    pairs = named.select("__kind", "__value").unique().drop_nulls()
    found: dict[str, list[str]] = {"__kind": [], "__value": [], "person_key": []}
    for kind in PERSON_FIELD_NAMES:
        values = pairs.filter(pl.col("__kind") == kind)["__value"].sort().to_list()
        if values:
            for text, key in _resolvers[0](at=at, origin=origin, kind=kind, values=values).items():
                found["__kind"].append(kind)
                found["__value"].append(text)
                found["person_key"].append(key)
    keys = pl.DataFrame(found, schema={"__kind": pl.String, "__value": pl.String, "person_key": pl.String})
    joined = named.join(keys, on=["__kind", "__value"], how="left", maintain_order="left")
    is_wrong = joined["__value"].is_not_null() & joined["person_key"].is_null()
    issues = [
        RowIssue(row_no=number, column=kind, code=f"invalid_{kind}", is_fatal=True)
        for number, kind in joined.filter(is_wrong).select("row_no", "__kind").iter_rows()
    ]
    kept = joined.filter(~is_wrong).with_columns(pl.col("person_key").fill_null(ANONYMOUS))
    return kept.drop("__kind", "__value"), issues
