"""Decisions about campaigns: no Django, no clock."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

#: The salt of the lasting control group: the same members stay untouched by every campaign that keeps it.
LASTING_CONTROL_SALT = "lasting-control"
#: Members who may not be contacted when the run starts: chance decides nothing about them.
UNREACHABLE = "unreachable"
CONTROL = "control"

EDITABLE = frozenset({"draft", "in_review", "approved"})
STARTABLE = frozenset({"approved", "scheduled"})
STOPPABLE = frozenset({"scheduled", "running"})


def fingerprint(plan: Mapping[str, Any], contents: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of everything approval covers; equal plans have equal fingerprints."""
    ordered = sorted(contents, key=lambda c: (c["channel"], c["variant"], c["language"]))
    text = json.dumps([plan, ordered], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def cost_minor(*, messages: int, cost_per_thousand_minor: int) -> int:
    """What that many messages cost, rounded up to the next minor unit.

    >>> cost_minor(messages=1, cost_per_thousand_minor=4500)
    5
    """
    return -(-messages * cost_per_thousand_minor // 1000)


def smallest_visible_lift(
    *, members: int, control_percent: int, mean: float, deviation: float, power: float = 0.8
) -> float | None:
    """The smallest relative lift of a mean that a two-sided 5 % test finds with that power; ``None`` without a control.

    ``mean`` and ``deviation`` are those of the metric per member over the campaign's length.
    """
    control = members * control_percent / 100
    treated = members - control
    if control < 2 or treated < 2 or mean <= 0:
        return None
    normal = NormalDist()
    width = normal.inv_cdf(0.975) + normal.inv_cdf(power)
    return width * deviation * math.sqrt(1 / control + 1 / treated) / mean


def language_for(wanted: str, *, offered: Sequence[str], default: str) -> str:
    """The language a member is written to: their own, else the retailer's, else the first offered."""
    by_base = {language.split("-")[0].lower(): language for language in reversed(offered)}
    for choice in (wanted, default):
        if choice in offered:
            return choice
        if choice and choice.split("-")[0].lower() in by_base:
            return by_base[choice.split("-")[0].lower()]
    return offered[0]


def first_name(name: str) -> str:
    """How a letter greets: the first word; a Chinese name is not taken apart.

    >>> first_name("Ann Lee"), first_name("王小明"), first_name("")
    ('Ann', '王小明', '')
    """
    words = name.split()
    return words[0] if words else ""
