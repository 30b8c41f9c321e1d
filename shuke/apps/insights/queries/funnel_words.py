"""A funnel in words: what its steps are called, and what its count says."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shuke.apps.insights.schemas import EventFunnelStep, FunnelBody, FunnelResult
from shuke.science.reading import Reading
from shuke.web.labels import label_of

#: Fewer who began say nothing about parts.
FEW = 30


def step_name(step: EventFunnelStep) -> str:
    """What people call a step: the event's name where it has no other.

    >>> step_name(EventFunnelStep(name="Coffee Tasted"))
    'Coffee Tasted'
    """
    if step.kind == "order":
        return pgettext("funnel", "Order")
    name = label_of("event_name", step.name)
    if step.only is None:
        return name
    operator = label_of("funnel_operator", step.only.operator)
    return _("{event} ({property} {operator} {value})").format(
        event=name, property=step.only.name, operator=operator, value=step.only.value
    )


def funnel_readings(result: FunnelResult, body: FunnelBody) -> list[Reading]:
    """What the count says, in sentences whose steps are counted from 1."""
    if not result.began:
        return [Reading("No member did the first step in these days. Choose another one, or more days.", {})]
    readings = [
        Reading(
            "Of {began:,} members who began, {done:,} ({part:.0%}) came through.",
            {"began": result.began, "done": result.done, "part": result.done / result.began},
        )
    ]
    gaps = result.steps[1:]
    worst = min(gaps, key=lambda one: one.of_previous)
    before = result.steps[worst.step - 2]
    if before.members >= FEW and body.order != "any" and worst.of_previous < 1:
        readings.append(
            Reading(
                "Most are lost between step {before} and step {after}: {lost:.0%} of those who had come so far.",
                {"before": before.step, "after": worst.step, "lost": 1 - worst.of_previous},
            )
        )
    if result.open:
        readings.append(
            Reading(
                "{open:,} of them began so late that they still have time; they count as not yet come through.",
                {"open": result.open},
            )
        )
    if result.unknown:
        readings.append(
            Reading(
                "{unknown:,} more people began whom nothing ties to a member, such as visitors who did not sign "
                "in; they are in none of these numbers.",
                {"unknown": result.unknown},
            )
        )
    if result.began < FEW:
        readings.append(Reading("So few began that the parts say little yet.", {}))
    return readings
