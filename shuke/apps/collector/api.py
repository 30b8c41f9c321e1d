"""Sources, their keys, their tracking plans and what came, over the API.  Events themselves go to the collector."""

from datetime import date
from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from shuke.apps.collector.operations import (
    change_source,
    create_source,
    create_write_key,
    expect_event,
    forget_expected_event,
    remove_source,
    revoke_write_key,
)
from shuke.apps.collector.queries import (
    expected_events,
    live_events,
    source,
    source_days,
    sources,
    violations,
)
from shuke.apps.collector.schemas import (
    ExpectedEventView,
    NewWriteKey,
    PropertyRule,
    RecentEvent,
    Role,
    SourceDayView,
    SourceKind,
    SourceView,
    ViolationView,
)
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.api import permit

router = Router(tags=["sources"])
RATE = Field(None, ge=1, le=1_000_000)


class NewSource(Schema):
    """A source and the channel account that its customer numbers belong to."""

    name: str = Field(max_length=80)
    kind: SourceKind = "server"
    account: str = Field(max_length=80)
    events_per_second: int | None = RATE


class SourceChange(Schema):
    """What can be changed of a source; closed, its keys are refused."""

    name: str = Field(max_length=80)
    events_per_second: int | None = RATE
    is_active: bool = True


class KeyWanted(Schema):
    """``server`` keys are secret and believed, ``web`` keys public and not, ``trusted_web`` public and believed."""

    role: Role


class EventExpected(Schema):
    """One event of a tracking plan; of the same name it is replaced."""

    name: str = Field(max_length=120)
    note: str = Field("", max_length=500)
    properties: list[PropertyRule] = Field(default_factory=list, max_length=100)


class LastDays(Schema):
    """How many business days, the present one included."""

    days: int = Field(14, ge=1, le=92)


def _today() -> date:
    return business_date(now(), retailer().time_zone)


@router.get("", response=list[SourceView])
def list_sources(request: HttpRequest) -> list[SourceView]:
    """Every source by name."""
    permit(request, "sources.view")
    return sources(today=_today())


@router.post("", response={201: SourceView})
def add_source(request: HttpRequest, body: NewSource) -> Status[SourceView]:
    """Add a source.  It has no key yet."""
    actor = permit(request, "sources.edit")
    source_id = create_source(
        actor=actor,
        at=now(),
        account_id=body.account,
        name=body.name,
        kind=body.kind,
        events_per_second=body.events_per_second,
    )
    return Status(201, source(source_id, today=_today()))


@router.get("/{source_id}", response=SourceView)
def read_source(request: HttpRequest, source_id: str) -> SourceView:
    """One source with its keys and what came in seven days."""
    permit(request, "sources.view")
    return source(source_id, today=_today())


@router.put("/{source_id}", response=SourceView)
def edit_source(request: HttpRequest, source_id: str, body: SourceChange) -> SourceView:
    """Rename, limit, close or open a source."""
    actor = permit(request, "sources.edit")
    change_source(actor=actor, at=now(), source_id=source_id, **body.model_dump())
    return source(source_id, today=_today())


@router.delete("/{source_id}", response={204: None})
def delete_source(request: HttpRequest, source_id: str) -> Status[None]:
    """Delete a source that never received anything."""
    actor = permit(request, "sources.edit")
    remove_source(actor=actor, at=now(), source_id=source_id)
    return Status(204, None)


@router.post("/{source_id}/keys", response={201: NewWriteKey})
def add_write_key(request: HttpRequest, source_id: str, body: KeyWanted) -> Status[NewWriteKey]:
    """Make a write key.  This answer is the only place where it stands."""
    actor = permit(request, "sources.edit")
    return Status(201, create_write_key(actor=actor, at=now(), source_id=source_id, role=body.role))


@router.delete("/keys/{key_id}", response={204: None})
def delete_write_key(request: HttpRequest, key_id: str) -> Status[None]:
    """Revoke a key for good."""
    actor = permit(request, "sources.edit")
    revoke_write_key(actor=actor, at=now(), key_id=key_id)
    return Status(204, None)


@router.get("/{source_id}/days", response=list[SourceDayView])
def list_source_days(request: HttpRequest, source_id: str, asked: Query[LastDays]) -> list[SourceDayView]:
    """What came on each of the last days, oldest first."""
    permit(request, "sources.view")
    return source_days(source_id, today=_today(), days=asked.days)


@router.get("/{source_id}/events", response=list[RecentEvent])
def list_live_events(
    request: HttpRequest, source_id: str, state: Literal["", "accepted", "quarantined"] = ""
) -> list[RecentEvent]:
    """The newest events of the last two days, whatever looks personal masked."""
    permit(request, "sources.view")
    return live_events(source_id, at=now(), state=state)


@router.get("/{source_id}/plan", response=list[ExpectedEventView])
def list_expected_events(request: HttpRequest, source_id: str) -> list[ExpectedEventView]:
    """The tracking plan."""
    permit(request, "sources.view")
    return expected_events(source_id)


@router.put("/{source_id}/plan", response=ExpectedEventView)
def put_expected_event(request: HttpRequest, source_id: str, body: EventExpected) -> ExpectedEventView:
    """Add an event to the plan, or say anew what it holds."""
    actor = permit(request, "sources.edit")
    return expect_event(
        actor=actor,
        at=now(),
        source_id=source_id,
        name=body.name,
        note=body.note,
        properties=body.properties,
    )


@router.delete("/plan/{expected_id}", response={204: None})
def delete_expected_event(request: HttpRequest, expected_id: str) -> Status[None]:
    """Take an event out of the plan."""
    actor = permit(request, "sources.edit")
    forget_expected_event(actor=actor, at=now(), expected_id=expected_id)
    return Status(204, None)


@router.get("/{source_id}/violations", response=list[ViolationView])
def list_violations(request: HttpRequest, source_id: str, asked: Query[LastDays]) -> list[ViolationView]:
    """What broke the plan in the last days, the most frequent first."""
    permit(request, "sources.view")
    return violations(source_id, today=_today(), days=asked.days)
