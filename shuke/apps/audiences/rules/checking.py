"""Whether a tree makes sense here: names that exist, values that fit, suggestions for what does not."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shuke.apps.audiences.rules import conditions as c
from shuke.apps.audiences.rules.parsing import Fault, FaultyConditionsError, Path
from shuke.apps.audiences.rules.references import check_references, walk
from shuke.apps.audiences.rules.values import TRAITS, operands

#: Which list of known names an input is looked up in.
_LISTS: Mapping[str, str] = {
    "product_ids": "product",
    "departments": "department",
    "categories": "category",
    "brands": "brand",
    "store_ids": "store",
    "sales_channels": "sales_channel",
}


@dataclass(frozen=True)
class Known:
    """Names that exist: by kind (department, category, … event, attribute), and all saved audiences.

    A kind that is not listed is not checked.  ``layers``: the layers of each scheme; ``None`` is not checked.
    """

    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    audiences: Mapping[str, c.Condition] = field(default_factory=dict)
    layers: Mapping[str, Collection[str]] | None = None


def check(tree: c.Condition, known: Known, *, own_id: str | None = None) -> list[Fault]:
    """Everything that is wrong with a tree, in its order; empty if it can be saved."""
    faults = [fault for path, node in walk(tree) for fault in _node_faults(node, path, known)]
    return faults + check_references(tree, known.audiences, own_id=own_id)


def suggestions(value: str, names: Iterable[str]) -> list[str]:
    """Up to three names that look like the value, upper and lower case being equal."""
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    close = difflib.get_close_matches(value.casefold(), folded, n=3, cutoff=0.6)
    if not close:
        close = [name for name in folded if value.casefold() in name][:3]
    return [folded[name] for name in close]


def _node_faults(node: c.Condition, path: Path, known: Known) -> Iterator[Fault]:
    if isinstance(node, c.Any) and not node.children:
        yield Fault("empty_group", path)
    elif isinstance(node, c.Trait):
        yield from _trait_faults(node, path)
    elif isinstance(node, c.Attribute):
        yield from _unknown(known, "attribute", (node.name,), path, "name")
        yield from _operand_faults(node, "attribute", path)
    elif isinstance(node, c.InTier):
        yield from _unknown(known, "tier", node.tiers, path, "tiers")
    elif isinstance(node, c.InLayer):
        yield from _layer_faults(known, node.scheme, {"layers": node.layers}, path)
    elif isinstance(node, c.Moved):
        given = {"from_layers": node.from_layers, "to_layers": node.to_layers}
        yield from _layer_faults(known, node.scheme, given, path)
    else:
        sides = (node.first, node.then) if isinstance(node, c.Sequence) else (node,)
        for side in sides:
            yield from _step_faults(side, path, known)


def _step_faults(step: c.Node, path: Path, known: Known) -> Iterator[Fault]:
    if isinstance(step, c.PurchaseFilter):
        yield from _filter_faults(step, path, known)
    elif isinstance(step, c.Due):
        yield from _unknown(known, "category", step.categories, path, "categories")
    elif isinstance(step, c.Event | c.EventStep):
        yield from _unknown(known, "event", step.names, path, "names")


def _trait_faults(node: c.Trait, path: Path) -> Iterator[Fault]:
    if node.field not in TRAITS:
        details = {"value": node.field, "suggestions": suggestions(node.field, TRAITS)}
        yield Fault("unknown_trait", path, "field", details)
        return
    yield from _operand_faults(node, TRAITS[node.field], path)


def _layer_faults(
    known: Known, scheme: str, given: Mapping[str, tuple[str, ...]], path: Path
) -> Iterator[Fault]:
    layers = known.layers
    if layers is None:
        return
    if scheme not in layers:
        details = {"value": scheme, "suggestions": suggestions(scheme, layers)}
        yield Fault("unknown_scheme", path, "scheme", details)
        return
    names = Known(names={"layer": layers[scheme]})
    for name, values in given.items():
        yield from _unknown(names, "layer", values, path, name)


def _operand_faults(node: c.Trait | c.Attribute, kind: str, path: Path) -> Iterator[Fault]:
    try:
        operands(node, kind=kind, path=path)
    except FaultyConditionsError as error:
        yield from error.faults


def _filter_faults(node: c.PurchaseFilter, path: Path, known: Known) -> Iterator[Fault]:
    for name, kind in _LISTS.items():
        values = getattr(node.goods, name) if name in c.Goods.model_fields else getattr(node, name)
        yield from _unknown(known, kind, values, path, name)


def _unknown(known: Known, kind: str, values: Iterable[str], path: Path, name: str) -> Iterator[Fault]:
    names = known.names.get(kind)
    if names is None:
        return
    for value in values:
        if value not in names:
            details = {"value": value, "suggestions": suggestions(value, names)}
            yield Fault(f"unknown_{kind}", path, name, details)
