"""Everything a builder offers: fields, operators, known values, labels and ready-made audiences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _

from shuke.apps.audiences.models import Audience
from shuke.apps.audiences.queries import labels
from shuke.apps.audiences.queries.evaluating import bench
from shuke.apps.audiences.queries.known import (
    LIST_LIMIT,
    SOURCES,
    attribute_values,
    matching,
    names_of_kind,
    schemes,
)
from shuke.apps.audiences.rules.values import OPERATORS, TRAITS
from shuke.apps.audiences.schemas import Catalogue, Choice, FieldView, SchemeView, TemplateView
from shuke.apps.insights.queries import scheme_name
from shuke.platform.errors import NotFound
from shuke.platform.money import exponent
from shuke.platform.retailer.queries import retailer

#: Traits whose values are names of the lake.
_TRAIT_SOURCES = {
    "favourite_department": "department",
    "favourite_category": "category",
    "favourite_store": "store",
    "preferred_channel": "sales_channel",
}


def catalogue(*, as_of: date) -> Catalogue:
    """Fields, operators and known values with labels in the reader's language."""
    with bench(as_of=as_of) as found:
        snapshot = found.snapshot
        names = {kind: names_of_kind(kind, snapshot) for kind in SOURCES}
        values = attribute_values(snapshot)
        divided = schemes(snapshot)
    searched = [kind for kind, known in names.items() if len(known) > LIST_LIMIT]
    kept = {kind: _choices(known) for kind, known in names.items() if kind not in searched}
    kept["audience"] = [
        Choice(value=row.public_id, label=row.name)
        for row in Audience.objects.filter(status="active").order_by("name")
    ]
    kept["channel"] = [
        Choice(value=key, label=labels.label(labels.CHANNELS, key)) for key in ("email", "sms")
    ]
    currency = retailer().currency
    return Catalogue(
        traits=_traits(kept),
        attributes=_attributes(kept, values),
        schemes=[
            SchemeView(name=scheme, label=scheme_name(scheme), choices=_choices(layers))
            for scheme, layers in divided.items()
        ],
        lists=kept,
        searched=searched,
        labels=_labels(),
        currency=currency,
        exponent=exponent(currency),
    )


def known_values(*, kind: str, text: str, as_of: date, limit: int = 20) -> list[Choice]:
    """Known values of a kind that hold the text.  Raises ``NotFound`` for an unknown kind."""
    if kind not in SOURCES:
        raise NotFound("unknown_kind", _("There is no such list of values."), {"known": sorted(SOURCES)})
    with bench(as_of=as_of) as found:
        return matching(kind, text, snapshot=found.snapshot, limit=limit)


def _choices(names: Mapping[str, str]) -> list[Choice]:
    return [Choice(value=value, label=label) for value, label in names.items()]


def _traits(lists: dict[str, list[Choice]]) -> list[FieldView]:
    return [
        FieldView(
            name=name,
            label=labels.label(labels.TRAITS, name),
            type=kind,
            operators=list(OPERATORS[kind]),
            choices=_trait_choices(name, lists),
        )
        for name, kind in TRAITS.items()
    ]


def _trait_choices(name: str, lists: dict[str, list[Choice]]) -> list[Choice]:
    if name in labels.TRAIT_VALUES:
        return [Choice(value=key, label=str(text)) for key, text in labels.trait_values(name).items()]
    return lists.get(_TRAIT_SOURCES.get(name, ""), [])


def _attributes(lists: dict[str, list[Choice]], values: dict[str, list[Choice]]) -> list[FieldView]:
    return [
        FieldView(
            name=choice.value,
            label=choice.label,
            type="attribute",
            operators=list(OPERATORS["attribute"]),
            choices=values.get(choice.value, []),
        )
        for choice in lists.get("attribute", [])
    ]


def _labels() -> dict[str, dict[str, str]]:
    return {
        "types": labels.plain(labels.TYPES),
        "operators": labels.plain(labels.OPERATORS),
        "number_operators": labels.plain(labels.NUMBER_OPERATORS),
        "date_operators": labels.plain(labels.DATE_OPERATORS),
        "measures": labels.plain(labels.MEASURES),
        "windows": labels.plain(labels.WINDOWS),
        "message_events": labels.plain(labels.MESSAGE_EVENTS),
        "states": labels.plain(labels.STATES),
        "purposes": labels.plain(labels.PURPOSES),
    }


def templates() -> list[TemplateView]:
    """Ready-made audiences to start from."""

    def trait(field: str, operator: str, value: object) -> dict[str, object]:
        return {"type": "trait", "field": field, "operator": operator, "value": value}

    def bought(*, did: bool, days: int) -> dict[str, object]:
        return {"type": "purchase", "did": did, "window": {"type": "last_days", "days": days}}

    at_risk = [trait("lifecycle_stage", "eq", "at_risk"), trait("monetary_score", "ge", 4)]
    cross = [bought(did=True, days=90), bought(did=False, days=90)]
    return [
        TemplateView(
            key="at-risk",
            name=_("At risk but valuable"),
            text=_("Spent much, and has been away for longer than its own rhythm."),
            conditions={"type": "all", "children": at_risk},
        ),
        TemplateView(
            key="new",
            name=_("New in the last 30 days"),
            text=_("Bought for the first time in the last 30 days."),
            conditions={
                "type": "all",
                "children": [{**bought(did=True, days=30), "measure": "first"}],
            },
        ),
        TemplateView(
            key="cross",
            name=_("Bought one category, not another"),
            text=_("Choose both categories; who bought the first but not the second in 90 days."),
            conditions={"type": "all", "children": cross},
        ),
        TemplateView(
            key="birthday",
            name=_("Birthday soon"),
            text=_("Has a birthday within the next 14 days."),
            conditions={"type": "all", "children": [{"type": "anniversary", "within_days": 14}]},
        ),
    ]
