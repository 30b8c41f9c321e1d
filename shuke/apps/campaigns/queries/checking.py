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
from shuke.apps.campaigns.queries.recommending import (
    Recommended,
    code_of,
    midday_of,
    named_slots,
    recommended,
    without_items,
)
from shuke.apps.campaigns.queries.spread import usual_spend
from shuke.apps.campaigns.rules import cost_minor, smallest_visible_lift
from shuke.apps.campaigns.schemas import Checklist, ChecklistItem
from shuke.apps.channels.queries import content_problem, usable_channels
from shuke.apps.channels.schemas import Content
from shuke.apps.members.schemas import MemberView
from shuke.apps.recommendations.queries.offers import member_slots
from shuke.apps.recommendations.schemas import SlotView
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
    sample = _sample(row, members, as_of=as_of)
    return Checklist(
        items=[
            _audience(row, numbers),
            _channel(row),
            _templates(row, sample),
            *_recommendations(row, sample),
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


@dataclass(frozen=True)
class _Sample:
    """Some members of the audience, by the version and language each would read, and what slots recommend to them."""

    readers: dict[tuple[str, str], list[MemberView]]
    found: dict[tuple[str, str], dict[str, Recommended]]

    @property
    def size(self) -> int:
        return len({member.id for members in self.readers.values() for member in members})


def _sample(row: Campaign, members: list[str], *, as_of: date) -> _Sample:
    contents = contents_of(row)
    sample = list(people(members[:SAMPLE]).values())
    readers = {
        key: [m for m in sample if member_language(m, variant=key[0], contents=contents) == key[1]]
        for key in contents
    }
    at = midday_of(as_of)
    found = {
        key: recommended({member.id: key for member in of_key}, contents=contents, at=at)
        for key, of_key in readers.items()
    }
    return _Sample(readers, found)


def _templates(row: Campaign, sample: _Sample) -> ChecklistItem:
    label = _("Message")
    contents = contents_of(row)
    if not contents:
        text = _("Write the message.")
        return ChecklistItem(key="template", label=label, status=BLOCKED, text=text)
    for key, content in contents.items():
        fault = _content_fault(row, key, content, sample=sample)
        if fault:
            text = _("Version %(variant)s in %(language)s: %(fault)s")
            text %= {"variant": key[0].upper(), "language": key[1], "fault": fault}
            return ChecklistItem(key="template", label=label, status=BLOCKED, text=text)
    text = _("The message renders for %(count)s real members.") % {"count": sample.size}
    return ChecklistItem(key="template", label=label, status=OK, text=text)


def _content_fault(row: Campaign, key: tuple[str, str], content: Content, *, sample: _Sample) -> str:
    """What is wrong with one version in one language, for anybody or for those of the sample who would read it."""
    if row.channel == "email" and not content.subject.strip():
        return _("The subject is empty.")
    context = shared_context(row)
    fields = [
        member_fields(member, recommendations=sample.found[key][member.id].seen)
        for member in sample.readers[key]
    ]
    contexts = [{**context, "member": of_member} for of_member in fields]
    faults = (content_problem(content, known) for known in [None, *contexts])
    fault = next((fault for fault in faults if fault), "")
    if fault or not fields or not named_slots({key: content}):
        return fault
    nothing = fields[0] | {"recommendations": without_items(key, contents={key: content})}
    fault = content_problem(content, {**context, "member": nothing})
    return fault and _("%(fault)s This happens for a member who gets no recommendations; ask with “if”.") % {
        "fault": fault
    }


def _recommendations(row: Campaign, sample: _Sample) -> list[ChecklistItem]:
    """What the slots give that the message asks for; nothing to say if it asks for none."""
    label = _("Recommendations")
    slots = {view.code: view for view in member_slots()}
    items = []
    for name in named_slots(contents_of(row)):
        view = slots.get(code_of(name, slots))
        if view is None:
            text = _("There is no slot “%(slot)s” that recommends for members.") % {"slot": name}
            items.append(ChecklistItem(key="recommendations", label=label, status=BLOCKED, text=text))
            continue
        lists = [
            len(found.seen[view.code])
            for of_key in sample.found.values()
            for found in of_key.values()
            if view.code in found.seen
        ]
        items.append(_slot_item(view, label=label, lists=lists))
    return items


def _slot_item(view: SlotView, *, label: str, lists: list[int]) -> ChecklistItem:
    words = {"slot": view.name, "count": len(lists), "empty": lists.count(0)}
    if view.state != "live":
        text = _("The slot “%(slot)s” is not live: members read what you wrote for an empty list.")
    elif not lists:
        text = _("Nobody is there to look at what the slot “%(slot)s” recommends.")
    elif words["empty"]:
        text = _(
            "The slot “%(slot)s” recommends nothing to %(empty)s of %(count)s members looked at: they read what you"
            " wrote for an empty list. Fit a bundle, or give the slot a fallback."
        )
    else:
        text = _("The slot “%(slot)s” recommends something to each of %(count)s members looked at.")
        return ChecklistItem(key="recommendations", label=label, status=OK, text=text % words)
    return ChecklistItem(key="recommendations", label=label, status=WARNING, text=text % words)


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
