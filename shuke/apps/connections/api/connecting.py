"""Connections and their runs over the API."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from shuke.apps.connections.operations import (
    change_connection,
    check_connection,
    create_connection,
    delete_connection,
    pause_connection,
    request_sync,
    resume_connection,
)
from shuke.apps.connections.queries import (
    connection,
    connections,
    sync_rejected_page,
    sync_run,
    sync_runs_page,
    systems,
)
from shuke.apps.connections.schemas import ConnectionView, RejectedRow, SyncRunView, SystemView
from shuke.platform.clock import now
from shuke.web.api import Page, Paging, paginate, permit

router = Router(tags=["connections"])


class Wanted(Schema):
    """Settings and secrets of a system by the names of its fields.  Secrets are never shown again."""

    settings: dict[str, str] = Field(default_factory=dict, max_length=30)
    secrets: dict[str, str] = Field(default_factory=dict, max_length=30)


class Trial(Wanted):
    """What to try."""

    system: str = Field(max_length=40)


class NewConnection(Trial):
    """A connection of an account, by its name or id; ``pace`` as in a connection, all optional."""

    account: str = Field(max_length=80)
    pace: dict[str, float | None] = Field(default_factory=dict, max_length=10)


class ChangedConnection(Wanted):
    """All settings anew; a secret that is left out stays."""

    pace: dict[str, float | None] = Field(default_factory=dict, max_length=10)


class Answer(Schema):
    """What a system answered to a trial: its own name."""

    name: str


class NewRun(Schema):
    """``full`` forgets the cursors first: everything is pulled again."""

    full: bool = False


@router.get("/connection-systems", response=list[SystemView])
def list_systems(request: HttpRequest) -> list[SystemView]:
    """Kinds of systems that can be connected, with the fields they need."""
    permit(request, "imports.view")
    return systems()


@router.post("/connection-trials", response=Answer)
def try_connection(request: HttpRequest, body: Trial) -> dict[str, str]:
    """Ask a system for its name with these settings; nothing is kept."""
    permit(request, "settings.edit")
    name = check_connection(at=now(), system=body.system, settings=body.settings, secrets=body.secrets)
    return {"name": name}


@router.get("/connections", response=list[ConnectionView])
def list_connections(request: HttpRequest) -> list[ConnectionView]:
    """Every connection with its last run."""
    permit(request, "imports.view")
    return connections()


@router.post("/connections", response={201: ConnectionView})
def add_connection(request: HttpRequest, body: NewConnection) -> Status[ConnectionView]:
    """Connect an account.  The system is asked first; its first run begins within a minute."""
    actor = permit(request, "settings.edit")
    view = create_connection(
        actor=actor,
        at=now(),
        account_id=body.account,
        system=body.system,
        settings=body.settings,
        secrets=body.secrets,
        pace=body.pace,
    )
    return Status(201, view)


@router.get("/connections/{connection_id}", response=ConnectionView)
def read_connection(request: HttpRequest, connection_id: str) -> ConnectionView:
    """One connection: how far its streams are, and its last run."""
    permit(request, "imports.view")
    return connection(connection_id)


@router.put("/connections/{connection_id}", response=ConnectionView)
def edit_connection(request: HttpRequest, connection_id: str, body: ChangedConnection) -> ConnectionView:
    """Change settings, secrets and pace.  The system is asked first."""
    actor = permit(request, "settings.edit")
    return change_connection(
        actor=actor,
        at=now(),
        connection_id=connection_id,
        settings=body.settings,
        secrets=body.secrets,
        pace=body.pace,
    )


@router.delete("/connections/{connection_id}", response={204: None})
def remove_connection(request: HttpRequest, connection_id: str) -> Status[None]:
    """Forget a connection with its secrets, cursors and history.  What it brought stays."""
    actor = permit(request, "settings.edit")
    delete_connection(actor=actor, at=now(), connection_id=connection_id)
    return Status(204, None)


@router.post("/connections/{connection_id}/pause", response=ConnectionView)
def pause(request: HttpRequest, connection_id: str) -> ConnectionView:
    """Ask the system no more until it is resumed."""
    actor = permit(request, "imports.edit")
    return pause_connection(actor=actor, at=now(), connection_id=connection_id)


@router.post("/connections/{connection_id}/resume", response=ConnectionView)
def resume(request: HttpRequest, connection_id: str) -> ConnectionView:
    """Go on from where it was."""
    actor = permit(request, "imports.edit")
    return resume_connection(actor=actor, at=now(), connection_id=connection_id)


@router.post("/connections/{connection_id}/runs", response={202: SyncRunView})
def start_run(request: HttpRequest, connection_id: str, body: NewRun) -> Status[SyncRunView]:
    """Synchronise now, as a job; a run that waits already is the answer."""
    actor = permit(request, "imports.edit")
    return Status(202, request_sync(actor=actor, at=now(), connection_id=connection_id, is_full=body.full))


@router.get("/connections/{connection_id}/runs", response=Page[SyncRunView])
def list_runs(request: HttpRequest, connection_id: str, paging: Query[Paging]) -> dict[str, Any]:
    """Runs of a connection, newest first."""
    permit(request, "imports.view")
    items, total = sync_runs_page(connection_id, limit=paging.limit, offset=paging.offset)
    return paginate(items, total, paging)


@router.get("/connection-runs/{run_id}", response=SyncRunView)
def read_run(request: HttpRequest, run_id: str) -> SyncRunView:
    """One run with its progress and what each stream brought."""
    permit(request, "imports.view")
    return sync_run(run_id)


@router.get("/connection-runs/{run_id}/rejected", response=Page[RejectedRow])
def list_run_rejected(request: HttpRequest, run_id: str, paging: Query[Paging]) -> dict[str, Any]:
    """Rows that a run put aside, with the reasons."""
    permit(request, "imports.view")
    items, total = sync_rejected_page(run_id, limit=paging.limit, offset=paging.offset)
    return paginate(items, total, paging)
