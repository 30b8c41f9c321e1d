"""Messages, behaviour, consents, control groups and identifiers."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shuke.apps.members.queries.timeline.reading import Part, Reader, Row, rows_of
from shuke.apps.members.queries.words import source_names
from shuke.apps.members.schemas import TimelineEntry
from shuke.web.panels import names_of

#: What is shown of an event's properties, at most three, in this order of interest.
PROPERTIES_SHOWN = (
    "name", "product_name", "product_id", "sku", "order_id", "query", "category", "coupon", "quantity",
    "revenue", "total", "value", "price", "title", "path", "url",
)  # fmt: skip
FACTS_SHOWN, FACT_LENGTH = 3, 80


def _messages(part: Part) -> list[TimelineEntry]:
    """One entry for a message, at its newest event, with the events that it went through."""
    messages = part.mine("messages")
    if messages is None:
        return []
    if part.channel:
        messages = messages.filter(messages.channel == part.channel)
    newest = messages.group_by("message_id").agg(newest_at=messages.occurred_at.max())
    wanted = [row["message_id"] for row in part.newest(newest, time="newest_at", by=("message_id",))]
    if not wanted:
        return []
    rows = rows_of(messages.filter(messages.message_id.isin(wanted)).order_by("occurred_at"))
    campaigns = names_of("campaign", {row["campaign_id"] for row in rows if row["campaign_id"]})
    by_message: dict[str, list[Row]] = {}
    for row in rows:
        by_message.setdefault(row["message_id"], []).append(row)
    return [_message(by_message[message_id], campaigns) for message_id in wanted]


#: Later steps of a message; of two events of one instant the later step was the later one.
_STEPS = ("queued", "sent", "delivered", "opened", "clicked", "replied")


def _message(rows: list[Row], campaigns: Mapping[str, str]) -> TimelineEntry:
    rows = sorted(rows, key=lambda row: (row["occurred_at"], _step(row["event"])))
    last = rows[-1]
    reasons = [row["reason"] or row["url"] for row in rows if row["reason"] or row["url"]]
    return TimelineEntry(
        kind="message",
        at=last["occurred_at"],
        what=last["event"],
        channel=last["channel"],
        title=campaigns.get(last["campaign_id"] or "", ""),
        detail=reasons[-1] if reasons else "",
        reference=last["message_id"],
        url=f"/campaigns/{last['campaign_id']}/" if last["campaign_id"] in campaigns else "",
        steps=list(dict.fromkeys(row["event"] for row in rows)),
    )


def _step(event: str) -> int:
    return _STEPS.index(event) if event in _STEPS else len(_STEPS)


def _events(part: Part) -> list[TimelineEntry]:
    events = None if part.channel else part.mine("events")
    if events is None:
        return []
    rows = part.newest(events, time="occurred_at", by=("message_id", "source"))
    names = source_names({row["source"] for row in rows})
    return [
        TimelineEntry(
            kind="event",
            at=row["occurred_at"],
            what=row["name"],
            detail=names[row["source"]],
            reference=row["message_id"],
            status=row["type"],
            facts=shown_properties(row["properties"]),
        )
        for row in rows
    ]


def shown_properties(text: str | None) -> dict[str, str]:
    """The most telling properties of an event, short; nothing of what is no plain value.

    >>> shown_properties('{"price": 3, "name": "Tea", "list": [1]}')
    {'name': 'Tea', 'price': '3'}
    """
    try:
        properties: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(properties, dict):
        return {}
    found = {}
    for name in PROPERTIES_SHOWN:
        value = properties.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            found[name] = str(value)[:FACT_LENGTH]
    return dict(list(found.items())[:FACTS_SHOWN])


def _consents(part: Part) -> list[TimelineEntry]:
    consents = part.mine("consents")
    if consents is None:
        return []
    if part.channel:
        consents = consents.filter(consents.channel == part.channel)
    told = consents.mutate(told_of=consents.channel + "/" + consents.purpose + "/" + consents.state)
    return [
        TimelineEntry(
            kind="consent",
            at=row["decided_at"],
            what=row["state"],
            channel=row["channel"],
            detail=row["purpose"],
            reference=row["told_of"],
            facts={"brand": row["brand"]} if row.get("brand") else {},
        )
        for row in part.newest(told, time="decided_at", by=("told_of",))
    ]


def _exposures(part: Part) -> list[TimelineEntry]:
    """Only control groups: who is in another arm gets the message, which is there by itself."""
    exposures = None if part.channel else part.mine("exposures")
    if exposures is None:
        return []
    held_out = exposures.filter(exposures.arm == "control")
    rows = part.newest(held_out, time="assigned_at", by=("experiment_id",))
    campaigns = names_of("campaign", {row["campaign_id"] for row in rows if row["campaign_id"]})
    return [
        TimelineEntry(
            kind="exposure",
            at=row["assigned_at"],
            what="control",
            title=campaigns.get(row["campaign_id"] or "", ""),
            reference=row["experiment_id"],
            url=f"/campaigns/{row['campaign_id']}/" if row["campaign_id"] in campaigns else "",
        )
        for row in rows
    ]


def _identity(part: Part) -> list[TimelineEntry]:
    """When an identifier came to the member; a row of kind ``member`` is a merge."""
    identity = None if part.channel else part.mine("identity_map")
    if identity is None:
        return []
    mine = identity.filter(identity.member_id == part.member_ids[0], identity.kind.notnull())
    first = mine.group_by("person_key").agg(kind=mine.kind.max(), came_at=mine.valid_from.max())
    return [
        TimelineEntry(
            kind="identity",
            at=row["came_at"],
            what=row["kind"],
            reference=row["person_key"],
            status="merged" if row["kind"] == "member" else "",
        )
        for row in part.newest(first, time="came_at", by=("person_key",))
    ]


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "message": _messages,
        "event": _events,
        "consent": _consents,
        "exposure": _exposures,
        "identity": _identity,
    }
)
