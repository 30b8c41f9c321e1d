"""Audiences that refer to audiences: which ones, never in a circle, and not too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shuke.apps.audiences.rules.conditions import Condition, InAudience, children_of
from shuke.apps.audiences.rules.parsing import Fault, FaultyConditionsError, Path

#: Conditions of a tree with everything it refers to put in its place.
MAX_EXPANDED = 300


def walk(tree: Condition, path: Path = ()) -> Iterator[tuple[Path, Condition]]:
    """Every node with its path, parents first."""
    yield path, tree
    for index, child in enumerate(children_of(tree)):
        yield from walk(child, (*path, index))


def referenced(tree: Condition) -> list[str]:
    """Ids of the audiences that the tree names itself."""
    return list(dict.fromkeys(node.audience_id for _, node in walk(tree) if isinstance(node, InAudience)))


def check_references(
    tree: Condition, audiences: Mapping[str, Condition], *, own_id: str | None = None
) -> list[Fault]:
    """Faults of references: unknown audiences, circles, and trees that grow too large.

    ``audiences`` holds all saved ones by id, ``own_id`` is the audience the tree will be saved as.
    """
    faults = []
    for path, node in walk(tree):
        if not isinstance(node, InAudience):
            continue
        if node.audience_id not in audiences and node.audience_id != own_id:
            faults.append(Fault("unknown_audience", path, "audience_id", {"value": node.audience_id}))
        elif _leads_to(node.audience_id, own_id, audiences):
            faults.append(Fault("circle", path, "audience_id"))
    if not faults and expanded_size(tree, audiences) > MAX_EXPANDED:
        faults.append(Fault("too_many", (), details={"limit": MAX_EXPANDED}))
    return faults


def _leads_to(start: str, goal: str | None, audiences: Mapping[str, Condition]) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        audience_id = waiting.pop()
        if audience_id == goal:
            return True
        if audience_id not in seen and audience_id in audiences:
            seen.add(audience_id)
            waiting.extend(referenced(audiences[audience_id]))
    return False


def expanded_size(tree: Condition, audiences: Mapping[str, Condition], seen: tuple[str, ...] = ()) -> int:
    """Conditions in all, references followed.  Raises ``FaultyConditionsError`` for a circle."""
    total = 0
    for path, node in walk(tree):
        total += 1
        if isinstance(node, InAudience) and node.audience_id in audiences:
            if node.audience_id in seen:
                raise FaultyConditionsError(Fault("circle", path, "audience_id"))
            inner = audiences[node.audience_id]
            total += expanded_size(inner, audiences, (*seen, node.audience_id))
        if total > MAX_EXPANDED:
            break
    return total


def without_member(data: Any, member_id: str) -> Any:
    """The plain data of a tree with the member taken out of every list of members."""
    if isinstance(data, list):
        return [without_member(item, member_id) for item in data]
    if not isinstance(data, dict):
        return data
    if data.get("type") == "members":
        return {**data, "member_ids": [i for i in data["member_ids"] if i != member_id] or ["erased"]}
    return {key: without_member(value, member_id) for key, value in data.items()}
