"""Decisions about campaigns: no Django, no clock."""

import hashlib
import json
import math
import re
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


#: What retailers call the group that got nothing.
_CONTROL_WORDS = frozenset(
    {
        "control",
        "ctrl",
        "holdout",
        "hold-out",
        "none",
        "no e-mail",
        "no email",
        "nothing",
        "对照",
        "对照组",
        "空白组",
    }
)
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def arm_names(given: Sequence[str]) -> dict[str, str]:
    """Arms as files name them → names an experiment takes.

    ``No E-Mail`` → ``control``, ``Mens E-Mail`` → ``mens-e-mail``.  Names that would become equal,
    or nothing, get numbers.
    """
    names: dict[str, str] = {}
    for text in given:
        folded = text.strip().casefold()
        name = CONTROL if folded in _CONTROL_WORDS else _NOT_WORD.sub("-", folded).strip("-")[:30]
        if name != CONTROL:
            base, number = name or "arm", 1
            name = name or "arm-1"
            while name in names.values():
                number += 1
                name = f"{base}-{number}"
        names[text] = name
    return names


def history_weights(members: Mapping[str, int]) -> dict[str, int]:
    """The weights an old campaign must have had: equal ones if the arms are nearly equal, else those seen.

    Weights that were only seen promise nothing, so the sample ratio is not tested against them.
    """
    if max(members.values()) <= 1.2 * min(members.values()):
        return dict.fromkeys(members, 1)
    return dict(members)
