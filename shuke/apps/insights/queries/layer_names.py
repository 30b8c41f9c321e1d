"""What people call schemes and layers: the words of fixed layers, and the names that studies gave theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shuke.apps.insights.models import Funnel, Study
from shuke.apps.insights.queries.funnel_words import step_name
from shuke.apps.insights.schemas import FunnelBody
from shuke.web.labels import choices_of, label_of

#: Where the words of a scheme's layers stand; others stand at ``layer:<scheme>`` (``web.labels.register_labels``).
NOUNS: Mapping[str, str] = {"rfm": "rfm_segment", "lifecycle": "lifecycle_stage", "channel": "sales_channel"}
#: Schemes of saved funnels: this and the number of the funnel.
FUNNEL = "funnel:"
#: Parts of the code of a layer that is a cell of two schemes, as in ``high|loyal``.
CROSSED: Mapping[str, tuple[str, str]] = {"value_lifecycle": ("spend", "lifecycle")}


def scheme_name(scheme: str) -> str:
    """What people call a scheme; ``market:city`` is named by its dimension, too."""
    kind, _colon, dimension = scheme.partition(":")
    if scheme.startswith(FUNNEL):
        funnel = _funnel(scheme)
        dimension = funnel.name if funnel else dimension
    name = label_of("layer_scheme", kind)
    return (
        _("{scheme}: {dimension}").format(
            scheme=name, dimension=dimension if scheme.startswith(FUNNEL) else dimension_name(dimension)
        )
        if dimension
        else name
    )


def _funnel(scheme: str) -> Funnel | None:
    number = scheme.removeprefix(FUNNEL)
    return Funnel.objects.filter(pk=number).first() if number.isascii() and number.isdigit() else None


def _funnel_layers(scheme: str) -> dict[str, str]:
    """How far members came in a funnel, in the names of its steps."""
    funnel = _funnel(scheme)
    if funnel is None:
        return {}
    body = FunnelBody(**funnel.definition)
    left = _("Did {step} of {count} steps") if body.order == "any" else _("Left after step {step}: {name}")
    named = {
        f"left_{number}": left.format(step=number, count=len(body.steps), name=step_name(step))
        for number, step in enumerate(body.steps[:-1], start=1)
    }
    return named | {"open": _("Still has time"), "done": pgettext("funnel", "Came through")}


def dimension_name(code: str) -> str:
    """What people call a dimension of market segments: a trait, a question of a survey, or an attribute."""
    kind, _space, question = code.partition(" ")
    if kind == "answer" and question:
        return question
    name = label_of("market_dimension", code)
    return label_of("attribute", code) if name == code else name


def layer_names(scheme: str) -> dict[str, str]:
    """Code → name of the layers of a scheme that have a name of their own, in the order people read them.

    A study names layers that it found by ``result["layer_names"] = {scheme: {code: name}}``; a name that shall
    follow the reader's language is ``{"noun": …, "codes": […]}`` of ``web.labels``.
    """
    if scheme in CROSSED:
        rows, columns = (layer_names(part) for part in CROSSED[scheme])
        return {
            f"{row}|{column}": f"{row_name} × {column_name}"
            for row, row_name in rows.items()
            for column, column_name in columns.items()
        }
    if scheme.startswith(FUNNEL):
        return _funnel_layers(scheme)
    return dict(choices_of(NOUNS.get(scheme, f"layer:{scheme}"))) | _found_names().get(scheme, {})


def _found_names() -> dict[str, dict[str, str]]:
    """Names given by the newest studies, by scheme."""
    rows = Study.objects.filter(result__layer_names__isnull=False).order_by("as_of")
    found: dict[str, dict[str, Any]] = {}
    for names in rows.values_list("result__layer_names", flat=True):
        found |= names
    return {
        scheme: {code: name_in_words(name) for code, name in names.items()} for scheme, names in found.items()
    }


def name_in_words(name: Any) -> str:
    """A name as a study stored it, in the reader's language where it is made of words.

    >>> name_in_words("Tea and milk"), name_in_words({"noun": "a noun", "codes": ["red", "large"]})
    ('Tea and milk', 'red, large')
    """
    if isinstance(name, str):
        return name
    return _(", ").join(label_of(name["noun"], code) for code in name["codes"])
