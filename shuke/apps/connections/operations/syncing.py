"""Running a connection: each stream from its cursor, then what moves no cursor (docs/algorithms/sync.md)."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.events import SyncFinished, SyncRequested
from shuke.apps.connections.models import Connection, SyncCursor, SyncPart, SyncRun, WebhookDelivery
from shuke.apps.connections.operations.closing import close_missing
from shuke.apps.connections.operations.connecting import forget_cursors
from shuke.apps.connections.operations.gathering import Gathering, known_digests
from shuke.apps.connections.queries.connecting import connection_row, run_row, run_view
from shuke.apps.connections.queries.opening import connector_named, opened, secrets_of
from shuke.apps.connections.schemas import Pace, SyncRunView
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import decrypt
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.permissions import SYSTEM, Actor
from shuke.sources.contract import Batch, Connector, Pull, SourceError

log = logging.getLogger(__name__)

#: Told how far a run is: rows pulled, no total, the stream.
Tell = Callable[[int, int | None, str], None]
#: Asked between pages whether others wait for the worker.
IsTurnOver = Callable[[], bool]
OPEN = ("queued", "running", "waiting")
#: After a failure that may pass, the connection is tried again at least this soon.
SOON = timedelta(minutes=5)
MOST_DELIVERIES = 500


@transaction.atomic
def request_sync(
    *, actor: Actor, at: datetime, connection_id: str, trigger: str = "person", is_full: bool = False
) -> SyncRunView:
    """Start a run as a job; a run that waits already is the answer.

    ``is_full`` forgets the cursors first: everything is pulled again, and what is known changes nothing.
    Refuses a paused connection, and a full run while another is under way.
    """
    row = Connection.objects.select_for_update().get(pk=connection_row(connection_id).pk)
    if row.state == "paused":
        raise Refused("connection_paused", _("The connection is paused. Resume it first."))
    going = row.runs.filter(state__in=OPEN).exclude(state="running", trigger="webhook").order_by("pk").first()
    if going is not None:
        if is_full:
            raise Refused("sync_under_way", _("A synchronisation is under way. Wait for its end."))
        emit(SyncRequested(going.public_id))
        return run_view(going)
    if is_full:
        forget_cursors(row)
    run = SyncRun.objects.create(
        connection=row, trigger=trigger, is_full=is_full, actor_name=actor.name[:120], created_at=at
    )
    if trigger == "person":
        Connection.objects.filter(pk=row.pk).update(next_run_at=_next_run(row, at=at))
        subject = ("connection", row.public_id)
        changes: dict[str, Any] = {"run": [None, run.public_id], "full": [None, is_full]}
        record_audit(actor=actor, at=at, verb="connection.synchronised", subject=subject, changes=changes)
    emit(SyncRequested(run.public_id))
    run.refresh_from_db()
    return run_view(run)


def start_due_syncs(*, at: datetime) -> int:
    """Start the runs whose time has come; returns how many connections were due."""
    due = Connection.objects.filter(state="active", next_run_at__lte=at)
    for row in due:
        with transaction.atomic():
            mine = Connection.objects.filter(pk=row.pk, next_run_at=row.next_run_at)
            if mine.update(next_run_at=_next_run(row, at=at)):
                request_sync(actor=SYSTEM, at=at, connection_id=row.public_id, trigger="schedule")
    return len(due)


def _next_run(row: Connection, *, at: datetime) -> datetime:
    return at + timedelta(minutes=Pace(**row.pace).every_minutes)


def run_sync(
    *,
    at: datetime,
    run_id: str,
    tell: Tell = lambda *_told: None,
    is_turn_over: IsTurnOver = lambda: False,
) -> SyncRunView:
    """Do a run.  Running it again after a kill goes on; one that ended is left alone.

    Once ``is_turn_over`` the run is left between two pages and asked for again, behind those that wait.
    What the system refuses is written on the run in words, not raised: a shop that is down is no fault.
    """
    run = run_row(run_id)
    with exclusive(f"sync:{run.connection.public_id}"):
        run.refresh_from_db()
        if run.state in {"done", "failed"}:
            return run_view(run)
        SyncRun.objects.filter(pk=run.pk).update(
            state="running", started_at=run.started_at or at, resume_at=None, error_code="", error_message=""
        )
        run.refresh_from_db()
        try:
            _Sync(run, at=at, tell=tell, is_turn_over=is_turn_over).go()
        except _TurnOver:
            _go_on_later(run)
        except SourceError as error:
            _stop(run, error, at=at)
        except Refused as refusal:
            _fail(run, code=refusal.code, message=str(refusal.message), at=at)
        except Exception:
            _fail(run, code="fault", message="", at=at)
            raise
        else:
            _finish(run, at=at)
    return run_view(run_row(run_id))


@transaction.atomic
def _go_on_later(run: SyncRun) -> None:
    """All that was pulled has landed and the cursor stands behind it, so the next turn goes on from there."""
    SyncRun.objects.filter(pk=run.pk).update(state="queued")
    emit(SyncRequested(run.public_id))


@transaction.atomic
def _finish(run: SyncRun, *, at: datetime) -> None:
    SyncRun.objects.filter(pk=run.pk).update(state="done", finished_at=at, progress_label="")
    connection = run.connection
    emit(
        SyncFinished(
            run_id=run.public_id,
            connection_id=connection.public_id,
            account_id=connection.account.public_id,
            at=at,
        )
    )


@transaction.atomic
def _stop(run: SyncRun, error: SourceError, *, at: datetime) -> None:
    """Wait if the system asked for it; else fail, and try again soon if that may help."""
    facts = {name: str(value)[:200] for name, value in error.facts.items()}
    if error.retry_after is not None and error.is_transient:
        resume_at = at + timedelta(seconds=max(1.0, min(error.retry_after, 86_400.0)))
        SyncRun.objects.filter(pk=run.pk).update(
            state="waiting",
            resume_at=resume_at,
            error_code=error.code[:40],
            error_message=error.template,
            error_facts=facts,
        )
        emit(SyncRequested(run.public_id, run_at=resume_at))
        return
    _fail(run, code=error.code, message=error.template, at=at, facts=facts)
    if error.is_transient:
        Connection.objects.filter(pk=run.connection.pk, next_run_at__gt=at + SOON).update(
            next_run_at=at + SOON
        )


def _fail(
    run: SyncRun, *, code: str, message: str, at: datetime, facts: dict[str, str] | None = None
) -> None:
    log.warning("synchronisation failed", extra={"run": run.public_id, "code": code})
    SyncRun.objects.filter(pk=run.pk).update(
        state="failed",
        finished_at=at,
        error_code=code[:40],
        error_message=message,
        error_facts=facts or {},
        progress_label="",
    )
    SyncPart.objects.filter(run=run, state="running").update(state="failed", finished_at=at)


class _TurnOver(Exception):
    """Others wait for the worker, and the run stands between two pages."""


class _Sync:
    def __init__(self, run: SyncRun, *, at: datetime, tell: Tell, is_turn_over: IsTurnOver) -> None:
        self.run, self.at, self.tell, self.is_turn_over = run, at, tell, is_turn_over
        self.connection = run.connection
        self.connector: Connector = connector_named(self.connection.system)
        self.pace = Pace(**self.connection.pace)

    def go(self) -> None:
        """All parts that are due."""
        self._named_by_webhooks()
        if self.run.trigger == "webhook":
            return
        for stream in self.connector.streams:
            self._pull(stream)
            if stream in self.connector.silent_streams:
                self._recent(stream)
            if stream in self.connector.listed_streams:
                self._listed(stream)

    def _pull(self, stream: str) -> None:
        part = self._part(stream, "pull")
        if part.state == "done":
            return
        cursor = self._cursor(stream)
        if not part.rows:
            part.cursor_before = dict(cursor.cursor)
        with self._opened(stream) as pull:
            batches = self.connector.pull(stream=stream, cursor=cursor.cursor, pull=pull)
            self._land(part, batches, moves_cursor=True)
        # A first pull has seen everything, silent changes included; what it saw is not compared at once.
        mine = SyncCursor.objects.filter(pk=cursor.pk)
        mine.filter(rescanned_at=None).update(rescanned_at=self.at)
        mine.filter(listed_at=None).update(listed_at=self.at)

    def _recent(self, stream: str) -> None:
        cursor = self._cursor(stream)
        if not self.pace.rescan_days or not _is_due(
            cursor.rescanned_at, timedelta(hours=self.pace.rescan_hours), at=self.at
        ):
            return
        since = self.at - timedelta(days=self.pace.rescan_days)
        with self._opened(stream) as pull:
            batches = self.connector.recent(stream=stream, since=since, pull=pull)
            self._land(self._part(stream, "recent"), batches, moves_cursor=False)
        SyncCursor.objects.filter(pk=cursor.pk).update(rescanned_at=self.at)

    def _listed(self, stream: str) -> None:
        cursor = self._cursor(stream)
        if not self.pace.listing_days or not _is_due(
            cursor.listed_at, timedelta(days=self.pace.listing_days), at=self.at
        ):
            return
        part = self._part(stream, "listed")
        with self._opened(stream) as pull:
            close_missing(part, connector=self.connector, pull=pull)
        self._end(part)
        SyncCursor.objects.filter(pk=cursor.pk).update(listed_at=self.at)

    def _named_by_webhooks(self) -> None:
        """Pull what webhooks named, then forget it; those that come meanwhile as well."""
        while True:
            waiting = WebhookDelivery.objects.filter(connection=self.connection, pulled_at=None).order_by(
                "pk"
            )
            rows = list(waiting[:MOST_DELIVERIES])
            if not rows:
                return
            for stream in dict.fromkeys(row.stream for row in rows):
                self._pull_named(stream, {decrypt(row.record) for row in rows if row.stream == stream})
            done = [row.pk for row in rows]
            WebhookDelivery.objects.filter(pk__in=done).update(pulled_at=self.at, record=b"")

    def _pull_named(self, stream: str, records: set[str]) -> None:
        """One record each; a message that names none has the stream pulled, which other runs do anyway."""
        if "" in records and self.run.trigger == "webhook":
            self._pull(stream)
        named = sorted(record for record in records if record)
        if named:
            with self._opened(stream) as pull:
                found = self._each(stream, named, pull)
                self._land(self._part(stream, "webhooks"), found, moves_cursor=False)

    def _each(self, stream: str, records: list[str], pull: Pull) -> Iterable[Batch]:
        for record in records:
            yield from self.connector.one(stream=stream, external_id=record, pull=pull)

    def _land(self, part: SyncPart, batches: Iterable[Batch], *, moves_cursor: bool) -> None:
        gathering = Gathering(
            part, at=self.at, moves_cursor=moves_cursor, count=lambda rows: self._tell(part.stream, rows)
        )
        for batch in batches:
            if moves_cursor and gathering.ends_page(batch) and self.is_turn_over():
                gathering.land()
                raise _TurnOver
            gathering.take(batch)
        gathering.land()
        self._end(part)

    def _tell(self, stream: str, rows: int) -> None:
        SyncRun.objects.filter(pk=self.run.pk).update(progress_label=f"{stream}:{rows}")
        self.tell(rows, None, stream)

    def _opened(self, stream: str) -> Any:
        connection = self.connection

        def wait(seconds: float) -> None:
            SyncRun.objects.filter(pk=self.run.pk).update(progress_label=f"{stream}:wait")
            time.sleep(seconds)

        return opened(
            self.connector,
            settings=connection.settings,
            secrets=secrets_of(connection),
            pace=self.pace,
            now=self.at,
            known=lambda ids: known_digests(connection.pk, stream=stream, ids=ids),
            wait=wait,
        )

    def _cursor(self, stream: str) -> SyncCursor:
        defaults = {"updated_at": self.at}
        return SyncCursor.objects.get_or_create(connection=self.connection, stream=stream, defaults=defaults)[
            0
        ]

    def _part(self, stream: str, name: str) -> SyncPart:
        return SyncPart.objects.get_or_create(
            run=self.run, stream=stream, part=name, defaults={"started_at": self.at}
        )[0]

    def _end(self, part: SyncPart) -> None:
        part.state, part.finished_at = "done", self.at
        part.save()


def _is_due(last: datetime | None, every: timedelta, *, at: datetime) -> bool:
    return last is None or at - last >= every
