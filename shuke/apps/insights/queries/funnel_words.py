"""A funnel in words: what its steps are called, and what its count says."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shuke.apps.insights.schemas import EventFunnelStep, FunnelBody, FunnelResult, FunnelSegment
from shuke.science.funnel_groups import FALSE_ALARMS
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


def segment_words(segments: list[FunnelSegment], names: Mapping[str, str]) -> list[str]:
    """What the comparison of segments says, in the reader's language; ``names`` by code."""
    judged = [one for one in segments if one.q_value is not None and one.code in names]
    if not judged:
        return [_("Too few members had the whole time allowed to compare these groups.")]
    real = [one for one in judged if (one.q_value or 0.0) <= FALSE_ALARMS]
    if not real:
        return [_("None of these groups comes through more or less often than the others for certain.")]
    # Where two groups are all there are, one sentence says it.
    told = (
        real[:1]
        if len(judged) == 2 and abs((judged[0].difference or 0) + (judged[1].difference or 0)) < 1e-9
        else real
    )
    return [
        _segment_sentence(one, names[one.code])
        for one in sorted(told, key=lambda one: -abs(one.difference or 0))
    ]


def _segment_sentence(one: FunnelSegment, name: str) -> str:
    sentence = (
        _(
            "“{name}” comes through more often than the others: {part:.0%} against {others:.0%}, "
            "{points:+.0f} points (95 % interval {low:+.0f} to {high:+.0f})."
        )
        if (one.difference or 0) > 0
        else _(
            "“{name}” comes through less often than the others: {part:.0%} against {others:.0%}, "
            "{points:+.0f} points (95 % interval {low:+.0f} to {high:+.0f})."
        )
    )
    figures = {"points": one.difference, "low": one.lower, "high": one.upper}
    return sentence.format(
        name=name,
        part=one.part,
        others=one.others,
        **{key: 100 * (value or 0) for key, value in figures.items()},
    )


def difference_text(one: FunnelSegment) -> str:
    """The difference to the others in points of a hundred, with its interval; empty where there is none.

    >>> difference_text(FunnelSegment(code="a", members=70, parts=[], difference=0.2, lower=0.052, upper=0.334))
    '+20 (+5 … +33)'
    """
    if one.difference is None or one.lower is None or one.upper is None:
        return ""
    points, low, high = (_signed(100 * value) for value in (one.difference, one.lower, one.upper))
    return f"{points} ({low} … {high})"


def _signed(value: float) -> str:
    """A whole number with its sign; nothing has none.

    >>> _signed(-0.4), _signed(-3.0), _signed(2.6)
    ('0', '−3', '+3')
    """
    return f"{round(value):+d}".replace("-", "−") if round(value) else "0"
