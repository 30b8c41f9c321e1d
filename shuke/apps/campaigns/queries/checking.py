"""The checklist before a campaign is sent."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from shuke.apps.campaigns.models import Campaign
from shuke.apps.campaigns.queries.campaigns import campaign_row
from shuke.apps.campaigns.queries.composing import (
    contents_of,
    member_fields,
    member_language,
    people,
    shared_context,
)
from shuke.apps.campaigns.queries.people import audience_of, reachable
from shuke.apps.campaigns.queries.spread import usual_spend
from shuke.apps.campaigns.rules import cost_minor, smallest_visible_lift
from shuke.apps.campaigns.schemas import Checklist, ChecklistItem
from shuke.apps.channels.queries import content_problem, usable_channels
from shuke.apps.channels.schemas import Content
from shuke.apps.members.schemas import MemberView
from shuke.platform.money import money_text

SAMPLE = 20
OK, WARNING, BLOCKED = "ok", "warning", "blocked"


@dataclass(frozen=True)
class _Numbers:
    members: list[str]
    reachable: int
    control: int
    messages: int
    cost_minor: int


def checklist(campaign_id: str, *, as_of: date) -> Checklist:
    """What stands in the way of sending now, and what to know.  Raises ``NotFound``."""
    row = campaign_row(campaign_id)
    members = list(audience_of(row, as_of=as_of))
    can_reach = len(reachable(row, members))
    control = round(can_reach * row.control_percent / 100)
    messages = can_reach - control
    cost = cost_minor(messages=messages, cost_per_thousand_minor=row.cost_per_thousand_minor)
    numbers = _Numbers(members, can_reach, control, messages, cost)
    return Checklist(
        items=[
            _audience(row, numbers),
            _channel(row),
            _templates(row, numbers),
            _consent(numbers),
            _budget(row, numbers),
            _control(row, numbers, as_of=as_of),
        ],
        audience_size=len(members),
        reachable=can_reach,
        control=control,
        messages=messages,
        cost_minor=cost,
    )


def _audience(row: Campaign, numbers: _Numbers) -> ChecklistItem:
    label = _("Audience")
    if not row.audience_id:
        return ChecklistItem(key="audience", label=label, status=BLOCKED, text=_("Choose an audience."))
    if not numbers.members:
        text = _("Nobody is in this audience now.")
        return ChecklistItem(key="audience", label=label, status=BLOCKED, text=text)
    text = _("%(count)s members are in the audience now.") % {"count": f"{len(numbers.members):,}"}
    return ChecklistItem(key="audience", label=label, status=OK, text=text)


def _channel(row: Campaign) -> ChecklistItem:
    label = _("Channel")
    if row.channel in usable_channels():
        text = _("The channel is ready.")
        if row.channel == "console":
            text = _("Messages go to the console outbox to be looked at; nothing leaves the house.")
        return ChecklistItem(key="channel", label=label, status=OK, text=text)
    text = _("Email has no server or no sender address yet; an administrator can set both in the settings.")
    return ChecklistItem(key="channel", label=label, status=BLOCKED, text=text)


def _templates(row: Campaign, numbers: _Numbers) -> ChecklistItem:
    label = _("Message")
    contents = contents_of(row)
    if not contents:
        text = _("Write the message.")
        return ChecklistItem(key="template", label=label, status=BLOCKED, text=text)
    sample = list(people(numbers.members[:SAMPLE]).values())
    for key, content in contents.items():
        fault = _content_fault(row, key, content, sample=sample)
        if fault:
            text = _("Version %(variant)s in %(language)s: %(fault)s")
            text %= {"variant": key[0].upper(), "language": key[1], "fault": fault}
            return ChecklistItem(key="template", label=label, status=BLOCKED, text=text)
    text = _("The message renders for %(count)s real members.") % {"count": len(sample)}
    return ChecklistItem(key="template", label=label, status=OK, text=text)


def _content_fault(row: Campaign, key: tuple[str, str], content: Content, *, sample: list[MemberView]) -> str:
    """What is wrong with one version in one language, for anybody or for those of the sample who would read it."""
    if row.channel == "email" and not content.subject.strip():
        return _("The subject is empty.")
    contents, context = contents_of(row), shared_context(row)
    contexts = [
        {**context, "member": member_fields(member)}
        for member in sample
        if member_language(member, variant=key[0], contents=contents) == key[1]
    ]
    faults = (content_problem(content, known) for known in [None, *contexts])
    return next((fault for fault in faults if fault), "")


def _consent(numbers: _Numbers) -> ChecklistItem:
    label = _("Consent")
    total = len(numbers.members)
    if not total:
        return ChecklistItem(key="consent", label=label, status=WARNING, text=_("Nobody to ask about."))
    share = numbers.reachable / total
    text = _("%(percent)s of the audience may be contacted (%(count)s members); the others get nothing.")
    text %= {"percent": f"{share:.0%}", "count": f"{numbers.reachable:,}"}
    status = BLOCKED if not numbers.reachable else WARNING if share < 0.5 else OK
    return ChecklistItem(key="consent", label=label, status=status, text=text)


def _budget(row: Campaign, numbers: _Numbers) -> ChecklistItem:
    label = _("Budget")
    words = {
        "cost": money_text(numbers.cost_minor, row.currency),
        "budget": money_text(row.budget_minor, row.currency),
        "count": f"{numbers.messages:,}",
    }
    if numbers.cost_minor > row.budget_minor:
        text = _("%(count)s messages cost %(cost)s, more than the budget of %(budget)s.") % words
        return ChecklistItem(key="budget", label=label, status=BLOCKED, text=text)
    text = _("%(count)s messages cost %(cost)s; the budget is %(budget)s.") % words
    return ChecklistItem(key="budget", label=label, status=OK, text=text)


def _control(row: Campaign, numbers: _Numbers, *, as_of: date) -> ChecklistItem:
    label = _("Control group")
    if not row.control_percent:
        text = _("Without a control group nobody will know what the campaign changed.")
        return ChecklistItem(key="control", label=label, status=WARNING, text=text)
    days = max((row.ends_on - row.starts_on).days + 1, 1)
    spread = usual_spend(numbers.members, as_of=as_of, days=days)
    visible = smallest_visible_lift(
        members=numbers.reachable,
        control_percent=row.control_percent,
        mean=spread.mean,
        deviation=spread.deviation,
    )
    words = {"control": f"{numbers.control:,}", "wished": row.wished_lift_percent}
    if visible is None:
        text = _(
            "%(control)s members stay untouched. Nothing is known yet of what the audience usually spends."
        )
        return ChecklistItem(key="control", label=label, status=WARNING, text=text % words)
    words["visible"] = f"{100 * visible:.0f}"
    if visible * 100 > row.wished_lift_percent:
        text = _(
            "%(control)s members stay untouched. Only a revenue lift of %(visible)s %% or more would show, four"
            " times in five; you hope for %(wished)s %%. A larger audience or control group helps."
        )
        return ChecklistItem(key="control", label=label, status=WARNING, text=text % words)
    text = _(
        "%(control)s members stay untouched. A revenue lift of %(visible)s %% or more will show, four times in five."
    )
    return ChecklistItem(key="control", label=label, status=OK, text=text % words)
