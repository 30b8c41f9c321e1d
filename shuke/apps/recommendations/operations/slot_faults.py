"""What is wrong with a set-up, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.rules.setup import Fault
from shuke.platform.errors import Invalid

#: Code of a fault → its sentence with facts.
SENTENCES: dict[str, Any] = {
    "reserved_code": _("The code {code} is a word of the addresses. Choose another."),
    "equal_arms": _("Two arms have the same name: {arms}. Give each its own."),
    "no_weight": _("All weights are zero, so nobody would be answered. Give one arm a weight above zero."),
    "unknown_strategy": _("This slot cannot use the strategy {strategies}. It can use: {known}."),
    "unknown_fallback": _("This slot cannot fall back to {strategies}. It can fall back to: {known}."),
    "named_twice": _("Named twice: {strategies}. Once is enough."),
    "bandit_needs_two": _(
        "Thompson sampling learns which strategy is taken more often. Choose at least two strategies for it."
    ),
    "nothing_pinned": _("The strategy “set by people” shows the pinned products. Pin one at least."),
    "pinned_and_barred": _("Pinned and never shown at the same time: {products}. Take them out of one."),
    "more_new_than_places": _("The slot has {places} places; no more can be kept for new products."),
    "odd_age": _("A minimum age lies between 1 and 120 years. Look at: {kinds}."),
    "equal_boosts": _("Two boosts have the same name: {boosts}. Give each its own."),
    "boost_of_nothing": _("Say which products or kinds the boost {boosts} is for."),
}


def sentence(fault: Fault) -> str:
    """A fault in words."""
    facts = {key: _joined(value) for key, value in fault.facts.items()}
    return str(SENTENCES[fault.code]).format(**facts)


def refusal_of(faults: Sequence[Fault]) -> Invalid:
    """All faults as one refusal: ``details`` maps each field to its sentences, ``codes`` lists what is wrong."""
    fields: dict[str, list[str]] = {}
    for fault in faults:
        fields.setdefault(fault.field, []).append(sentence(fault))
    details = {"fields": fields, "codes": [fault.code for fault in faults]}
    return Invalid("faulty_slot", " ".join(sentence(fault) for fault in faults), details)


def _joined(value: Any) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
