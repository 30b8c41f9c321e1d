"""Names that exist in the lake: departments, stores, events, attributes … with what people call them.

Each list is read once per version of its table and kept in memory, so that a keystroke in the
builder costs no scan.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping

import ibis
from django.conf import settings

from shuke.apps.audiences.queries import labels
from shuke.apps.audiences.schemas import Choice
from shuke.apps.insights.queries import layer_names, scheme_name
from shuke.lake.reading import Snapshot

#: Kind → (table, column of the value, column of the label).
SOURCES: Mapping[str, tuple[str, str, str]] = {
    "product": ("products", "product_id", "name"),
    "department": ("products", "department", "department"),
    "category": ("products", "category", "category"),
    "brand": ("products", "brand", "brand"),
    "store": ("orders", "store_id", "store_id"),
    "sales_channel": ("orders", "sales_channel", "sales_channel"),
    "event": ("events", "name", "name"),
    "attribute": ("member_attributes", "attribute", "attribute"),
    "campaign": ("messages", "campaign_id", "campaign_id"),
    "message_channel": ("messages", "channel", "channel"),
    "tier": ("tier_memberships", "tier", "tier"),
}
#: Lists longer than this are searched instead of being sent whole.
LIST_LIMIT = 600

_kept: dict[tuple[str, str, int | None], dict[str, str]] = {}
_layers_kept: dict[tuple[str, str, int | None], dict[str, list[str]]] = {}
_lock = threading.Lock()
_campaign_names: list[Callable[[Collection[str]], Mapping[str, str]]] = []
_tier_names: list[Callable[[], Mapping[str, str]]] = []


def register_campaign_names(names: Callable[[Collection[str]], Mapping[str, str]]) -> None:
    """Let a higher app say what campaigns are called: ids to names of those it knows."""
    if names not in _campaign_names:
        _campaign_names.append(names)


def register_tier_names(names: Callable[[], Mapping[str, str]]) -> None:
    """Let a higher app say which tiers there are: ``<programme id>:<code>`` to what people call them."""
    if names not in _tier_names:
        _tier_names.append(names)


def names_of_kind(kind: str, snapshot: Snapshot) -> dict[str, str]:
    """Value → label of every known value of the kind, sorted by label."""
    if kind == "tier":
        return {value: label for names in _tier_names for value, label in names().items()}
    table, value, shown = SOURCES[kind]
    key = (str(settings.LAKE_ROOT), kind, snapshot.version(table))
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = _read(snapshot, table=table, value=value, shown=shown)
        with _lock:
            for old in [old for old in _kept if old[:2] == key[:2]]:
                del _kept[old]
            _kept[key] = found
    return _named(kind, found, snapshot)


def schemes(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Scheme → value → label of its layers: those of its newest day, and those that have a name."""
    if snapshot.version("member_layers") is None:
        return {}
    key = (str(settings.LAKE_ROOT), "layer", snapshot.version("member_layers"))
    with _lock:
        found = _layers_kept.get(key)
    if found is None:
        found = _layers(snapshot)
        with _lock:
            _layers_kept.clear()
            _layers_kept[key] = found
    labelled = {}
    for scheme, codes in found.items():
        named = layer_names(scheme)
        labelled[scheme] = named | {code: code for code in codes if code not in named}
    return dict(sorted(labelled.items(), key=lambda item: scheme_name(item[0])))


def _layers(snapshot: Snapshot) -> dict[str, list[str]]:
    rows = snapshot.table("member_layers")
    newest = rows.group_by("scheme").agg(as_of=rows.as_of.max())
    kept = rows.semi_join(newest, ["scheme", "as_of"]).select("scheme", "layer").distinct()
    found: dict[str, list[str]] = {}
    for row in snapshot.connection.to_pyarrow(kept.order_by("scheme", "layer")).to_pylist():
        found.setdefault(row["scheme"], []).append(row["layer"])
    return found


def _named(kind: str, found: dict[str, str], snapshot: Snapshot) -> dict[str, str]:
    if kind == "store":
        stores = _read(snapshot, table="stores", value="store_id", shown="name")
        return {value: stores.get(value, label) for value, label in found.items()} | stores
    if kind == "campaign":
        for names in _campaign_names:
            found = found | dict(names(list(found)))
        return found
    if kind == "message_channel":
        return {value: labels.label(labels.CHANNELS, value) for value in found}
    if kind == "attribute":
        return {value: labels.label(labels.ATTRIBUTES, value) for value in found}
    return found


def _read(snapshot: Snapshot, *, table: str, value: str, shown: str) -> dict[str, str]:
    rows = snapshot.table(table)
    query = rows.filter(rows[value].notnull()).group_by(value=rows[value]).agg(shown=rows[shown].max())
    found = snapshot.connection.to_pyarrow(query.order_by("shown", "value"))
    pairs = zip(found.column("value").to_pylist(), found.column("shown").to_pylist(), strict=True)
    return dict(pairs)


class KnownNames(Mapping[str, Collection[str]]):
    """Known names by kind, read when a tree asks for them.  Kinds that were never seen are not checked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, kind: str) -> Collection[str]:
        if kind not in SOURCES:
            raise KeyError(kind)
        return names_of_kind(kind, self._snapshot)

    def __iter__(self) -> Iterator[str]:
        return iter(SOURCES)

    def __len__(self) -> int:
        return len(SOURCES)


def attribute_values(snapshot: Snapshot, *, limit: int = 60) -> dict[str, list[Choice]]:
    """The values of attributes that have few of them, as choices."""
    table = snapshot.table("member_attributes")
    counted = table.group_by("attribute", "value").agg(rows=table.count())
    place = ibis.row_number().over(group_by="attribute", order_by="value")
    few = counted.mutate(place=place).filter(lambda t: t.place <= limit)
    found: dict[str, list[Choice]] = {}
    for row in snapshot.connection.to_pyarrow(few.order_by("attribute", "value")).to_pylist():
        found.setdefault(row["attribute"], []).append(Choice(value=row["value"], label=row["value"]))
    return {name: values for name, values in found.items() if len(values) <= limit}


def matching(kind: str, text: str, *, snapshot: Snapshot, limit: int = 20) -> list[Choice]:
    """Known values whose label or value holds the text, the ones that begin with it first."""
    wanted = text.strip().casefold()
    hits = [
        (not label.casefold().startswith(wanted), label.casefold(), value, label)
        for value, label in names_of_kind(kind, snapshot).items()
        if wanted in label.casefold() or wanted in value.casefold()
    ]
    return [Choice(value=value, label=label) for _, _, value, label in sorted(hits)[:limit]]
