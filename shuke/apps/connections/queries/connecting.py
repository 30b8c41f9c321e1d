"""Reading connections and their runs."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import Connection, SyncPart, SyncRun
from shuke.apps.connections.queries.opening import connector_named, secrets_of
from shuke.apps.connections.queries.reasons import reason_text
from shuke.apps.connections.schemas import (
    ConnectionView,
    Pace,
    ReasonCount,
    RejectedRow,
    StreamView,
    SyncPartView,
    SyncRunView,
    SystemField,
    SystemView,
)
from shuke.platform.errors import NotFound
from shuke.platform.warehouse import lake
from shuke.sources.connectors import CONNECTORS
from shuke.sources.contract import ConnectionField, Connector


def systems() -> list[SystemView]:
    """Every kind of system that can be connected, in the active language."""
    return [system_view(connector) for connector in CONNECTORS.values()]


def system_named(system: str) -> SystemView:
    """One kind of system.  Raises ``Invalid``."""
    return system_view(connector_named(system))


def system_view(connector: Connector) -> SystemView:
    """A connector as the form needs it."""
    plain = [_field(field, is_secret=False) for field in connector.settings_fields]
    secret = [_field(field, is_secret=True) for field in connector.secret_fields]
    return SystemView(
        system=connector.system,
        label=connector.label,
        streams=list(connector.streams),
        fields=[*plain, *secret],
    )


def _field(field: ConnectionField, *, is_secret: bool) -> SystemField:
    return SystemField(
        name=field.name,
        label=gettext(field.label),
        help=gettext(field.help) if field.help else "",
        type=field.type,
        is_required=field.is_required,
        is_secret=is_secret,
        default=field.default,
    )


def connection_row(connection_id: str) -> Connection:
    """The row of a connection.  Raises ``NotFound``."""
    row = Connection.objects.select_related("account").filter(public_id=connection_id).first()
    if row is None:
        raise NotFound("connection_not_found", _("There is no such connection."))
    return row


def connection_view(row: Connection, *, is_whole: bool = True) -> ConnectionView:
    """The public view; ``is_whole`` adds the streams."""
    last = row.runs.order_by("-created_at", "-pk").first()
    return ConnectionView(
        id=row.public_id,
        system=row.system,
        system_label=CONNECTORS[row.system].label if row.system in CONNECTORS else row.system,
        account_id=row.account.public_id,
        account=row.account.name,
        settings=row.settings,
        secrets=sorted(secrets_of(row)),
        pace=Pace(**row.pace),
        state=row.state,
        webhook_url=f"{settings.SHUKE_PUBLIC_URL}/webhooks/{row.webhook_id}/",
        forged_webhooks=row.forged_webhooks,
        next_run_at=row.next_run_at,
        created_at=row.created_at,
        last_run=run_view(last) if last else None,
        streams=_streams(row) if is_whole else [],
    )


def _streams(row: Connection) -> list[StreamView]:
    known = {cursor.stream: cursor for cursor in row.cursors.all()}
    connector, pace = connector_named(row.system), Pace(**row.pace)
    views = []
    for stream in connector.streams:
        view, cursor = StreamView(stream=stream), known.get(stream)
        if cursor is not None:
            view.reached, view.updated_at = _time_in(cursor.cursor), cursor.updated_at
            if stream in connector.silent_streams and pace.rescan_days:
                view.rescanned_at = cursor.rescanned_at
            if stream in connector.listed_streams and pace.listing_days:
                view.listed_at = cursor.listed_at
        views.append(view)
    return views


def _time_in(cursor: dict[str, Any]) -> datetime | None:
    """The newest time with a zone that a cursor names."""
    found = []
    for value in cursor.values():
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            continue
        if moment is not None and moment.tzinfo is not None:
            found.append(moment)
    return max(found, default=None)


def connection(connection_id: str) -> ConnectionView:
    """One connection with its streams and its last run.  Raises ``NotFound``."""
    return connection_view(connection_row(connection_id))


def connections() -> list[ConnectionView]:
    """Every connection by the name of its account."""
    rows = Connection.objects.select_related("account").order_by("account__name")
    return [connection_view(row, is_whole=False) for row in rows]


def run_view(row: SyncRun) -> SyncRunView:
    """The public view of a run with its parts."""
    return SyncRunView(
        id=row.public_id,
        connection_id=row.connection.public_id,
        account=row.connection.account.name,
        trigger=row.trigger,
        is_full=row.is_full,
        state=row.state,
        actor=row.actor_name,
        error_code=row.error_code,
        error_message=_error_text(row),
        progress_label=row.progress_label,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        resume_at=row.resume_at,
        parts=[_part_view(part) for part in sorted(row.parts.all(), key=lambda part: part.pk)],
    )


def _error_text(row: SyncRun) -> str:
    """The error in the active language."""
    if row.error_code == "fault":
        return gettext("A fault of Shuke stopped the run; the log of the job says more. Run it again.")
    try:
        return gettext(row.error_message).format(**row.error_facts) if row.error_message else ""
    except (KeyError, IndexError, ValueError):
        return row.error_message


def _part_view(part: SyncPart) -> SyncPartView:
    return SyncPartView(
        id=part.public_id,
        stream=part.stream,
        part=part.part,
        state=part.state,
        rows=part.rows,
        new=part.new,
        corrected=part.corrected,
        unchanged=part.unchanged,
        rejected=part.rejected,
        closed=part.closed,
        reasons=list(_reasons(part.reasons)),
        note=part.note,
        cursor_before=part.cursor_before,
        cursor_after=part.cursor_after,
        started_at=part.started_at,
        finished_at=part.finished_at,
    )


def _reasons(stored: list[dict[str, Any]]) -> Iterable[ReasonCount]:
    for item in stored:
        kind = item.get("kind", "")
        values = {name: value for name, value in item.items() if name != "kind"}
        known = reason_text(kind=kind, code=item["code"], column=item["column"], otherwise=item["message"])
        yield ReasonCount(**values | {"message": known})


def run_row(run_id: str) -> SyncRun:
    """The row of a run.  Raises ``NotFound``."""
    row = SyncRun.objects.select_related("connection__account").filter(public_id=run_id).first()
    if row is None:
        raise NotFound("run_not_found", _("There is no such run."))
    return row


def sync_run(run_id: str) -> SyncRunView:
    """One run.  Raises ``NotFound``."""
    return run_view(run_row(run_id))


def sync_runs_page(connection_id: str, *, limit: int = 50, offset: int = 0) -> tuple[list[SyncRunView], int]:
    """Runs of a connection, newest first, and how many there are in all."""
    rows = (
        SyncRun.objects.select_related("connection__account")
        .prefetch_related("parts")
        .filter(connection=connection_row(connection_id))
        .order_by("-created_at", "-pk")
    )
    return [run_view(row) for row in rows[offset : offset + limit]], rows.count()


def sync_batch_ids(run_id: str) -> list[str]:
    """The batches under which what a run brought lies in the lake.  Raises ``NotFound``."""
    return [part.public_id for part in run_row(run_id).parts.all()]


def sync_rejected_page(run_id: str, *, limit: int = 50, offset: int = 0) -> tuple[list[RejectedRow], int]:
    """Rows that a run put aside, by stream, and how many there are in all."""
    parts = [part.public_id for part in run_row(run_id).parts.all()]
    with lake().read() as snapshot:
        table = snapshot.table("rejected_rows")
        mine = table.filter(table.batch_id.isin(parts or [""]))
        total = int(mine.count().to_pyarrow().as_py())
        ordered = mine.order_by([mine.batch_id, mine.table, mine.row_no, mine.column, mine.code])
        found = ordered.limit(limit, offset=offset).to_pyarrow().to_pylist()
    return [
        RejectedRow(
            row_no=item["row_no"],
            column=item["column"],
            code=item["code"],
            message=reason_text(
                kind=item["table"], code=item["code"], column=item["column"], otherwise=item["message"]
            ),
            raw=json.loads(item["raw"]) if item["raw"] else {},
        )
        for item in found
    ], total
