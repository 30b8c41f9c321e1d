"""A funnel as it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from shuke.apps.insights.schemas import FunnelBody
from shuke.apps.insights.schemas.funnels import (
    MOST_AUDIENCES,
    MOST_DAYS,
    MOST_STEPS,
    NO_AUDIENCE,
    REPEATED,
)

#: Value of a step's menu that means an order.
ORDER = "order"
EVENT = "event:"
SHOWN_STEPS = range(1, MOST_STEPS + 1)
DAYS = (7, 28, 91, 365)
AUDIENCES = tuple(f"audience_{number}" for number in range(1, MOST_AUDIENCES + 1))


@dataclass(frozen=True)
class FunnelForm:
    """What stands in the fields, what is wrong with it, and the funnel where nothing is.

    ``values``: by input name, ``step_1, property_1, operator_1, value_1`` …, ``window, unit, order, days, by``
    and ``audience_1`` ….
    """

    values: Mapping[str, str]
    faults: tuple[str, ...] = ()
    body: FunnelBody | None = None

    def steps(self) -> list[dict[str, Any]]:
        """One row per step with its fields."""
        names = ("step", "property", "operator", "value")
        return [
            {"number": number, **{name: self.values.get(f"{name}_{number}", "") for name in names}}
            for number in SHOWN_STEPS
        ]

    def audiences(self) -> list[tuple[str, str]]:
        """The fields of audiences, each with the id that stands in it."""
        return [(name, self.values.get(name, "")) for name in AUDIENCES]


def shown_funnel(body: FunnelBody) -> FunnelForm:
    """The form filled in with a funnel."""
    values = {
        "window": str(body.window), "unit": body.unit, "order": body.order, "days": str(body.days), "by": body.by,
    }  # fmt: skip
    values |= dict(zip(AUDIENCES, body.audiences, strict=False))
    for number, step in enumerate(body.steps, start=1):
        values[f"step_{number}"] = ORDER if step.kind == ORDER else EVENT + step.name
        if step.only:
            values |= {
                f"property_{number}": step.only.name,
                f"operator_{number}": step.only.operator,
                f"value_{number}": step.only.value,
            }
    return FunnelForm(values, body=body)


def typed_funnel(typed: Mapping[str, str]) -> FunnelForm:
    """What was typed: the funnel of the steps that were chosen, or everything that is wrong."""
    names = [f"{name}_{n}" for n in SHOWN_STEPS for name in ("step", "property", "operator", "value")]
    # PostgreSQL refuses NUL in any text.
    values = {
        name: typed.get(name, "").replace("\x00", "").strip()[:300]
        for name in (*names, "window", "unit", "order", "days", "by", *AUDIENCES)
    }
    steps: list[dict[str, Any]] = []
    for number in SHOWN_STEPS:
        chosen = values[f"step_{number}"]
        if not chosen:
            continue
        step: dict[str, Any] = {"kind": ORDER} if chosen == ORDER else {"name": chosen.removeprefix(EVENT)}
        if values[f"property_{number}"] and chosen != ORDER:
            parts = {"name": "property", "operator": "operator", "value": "value"}
            step["only"] = {field: values[f"{part}_{number}"] for field, part in parts.items()}
        steps.append(step)
    if len(steps) < 2:
        return FunnelForm(values, (_("Choose two steps or more."),))
    rest: dict[str, Any] = {name: values[name] for name in ("window", "unit", "order", "days", "by")}
    rest["audiences"] = [values[name] for name in AUDIENCES if values[name]]
    try:
        body = FunnelBody.model_validate({"steps": steps, **rest})
    except ValidationError as wrong:
        faults = [_fault(error["loc"], error["msg"], steps) for error in wrong.errors()]
        return FunnelForm(values, tuple(dict.fromkeys(faults)))
    return FunnelForm(values, body=body)


def _fault(place: tuple[int | str, ...], message: str, steps: list[dict[str, Any]]) -> str:
    if NO_AUDIENCE in message:
        return _("Choose the audiences that the members are to be told apart by.")
    if REPEATED in message:
        return _(
            "The same event can be a step twice only if other things may lie between: choose that order of the steps."
        )
    if place[:1] == ("steps",) and len(place) > 1 and isinstance(place[1], int):
        return _(
            "Step {number}: say which property must be what; at least and at most need a number."
        ).format(number=min(place[1], len(steps) - 1) + 1)
    return _("Time allowed: a whole number of at most {days} days.").format(days=MOST_DAYS)
