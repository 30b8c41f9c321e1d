"""Whether this installation can do its work, part by part."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from django.db import connection
from ninja import Schema

from shuke.platform.jobs import queries as jobs
from shuke.platform.jobs.queues import QUEUES
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.warehouse import lake

#: A worker beats every ten seconds, the relay runs every few.
WORST_BEAT_SECONDS = 60.0
WORST_LAG_SECONDS = 300.0


class Check(Schema):
    """One part: ``is_critical`` parts make the whole unready, others only degrade it."""

    name: str
    is_ok: bool
    is_critical: bool
    detail: str
    ms: float


class Readiness(Schema):
    """The whole and its parts."""

    status: Literal["ok", "degraded", "unready"]
    checks: list[Check]


def readiness(*, at: datetime) -> Readiness:
    """Look at the database, the lake, the workers and the outbox.

    Without database or lake nothing can be answered.  Without workers the console still can, so that
    a balancer must not take it away: that is ``degraded``.
    """
    checks = [
        _check("database", _database, is_critical=True),
        _check("lake", _lake, is_critical=True),
        _check("workers", lambda: _workers(at), is_critical=False),
        _check("outbox", lambda: _outbox(at), is_critical=False),
    ]
    if any(not item.is_ok and item.is_critical for item in checks):
        return Readiness(status="unready", checks=checks)
    return Readiness(status="ok" if all(item.is_ok for item in checks) else "degraded", checks=checks)


def outbox_lag_seconds(*, at: datetime) -> float:
    """Age of the oldest row that the relay has not moved yet; 0 if none waits."""
    waiting = OutboxRow.objects.filter(relayed_at=None, fault="")
    oldest = waiting.order_by("id").values_list("recorded_at", flat=True).first()
    return max(0.0, (at - oldest).total_seconds()) if oldest else 0.0


def _check(name: str, look: Callable[[], tuple[bool, str]], *, is_critical: bool) -> Check:
    began = time.perf_counter()
    try:
        is_ok, detail = look()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what the check has found.
        # The class only: a message may hold an address or a password of the database.
        is_ok, detail = False, type(error).__name__
    ms = round((time.perf_counter() - began) * 1000, 1)
    return Check(name=name, is_ok=is_ok, is_critical=is_critical, detail=detail, ms=ms)


def _database() -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,), connection.vendor


def _lake() -> tuple[bool, str]:
    with lake().read() as snapshot:
        version = snapshot.version("orders")
    return True, "empty" if version is None else f"orders at version {version}"


def _workers(at: datetime) -> tuple[bool, str]:
    alive = jobs.workers(at=at)
    if not alive:
        return False, "no worker in the last two minutes; start one with: shuke worker"
    orphaned = sorted(set(QUEUES).difference(*(worker.queues for worker in alive)))
    if orphaned:
        return (
            False,
            f"no worker takes the queue {orphaned[0]}; start one with: shuke worker --queue {orphaned[0]}",
        )
    age = max(0.0, (at - alive[0].beat_at).total_seconds())
    return age <= WORST_BEAT_SECONDS, f"{len(alive)} workers, last heard of {age:.0f} s ago"


def _outbox(at: datetime) -> tuple[bool, str]:
    lag = outbox_lag_seconds(at=at)
    faulty = OutboxRow.objects.exclude(fault="").count()
    detail = f"oldest waiting fact {lag:.0f} s old" if lag else "nothing waits"
    if faulty:
        return False, f"{detail}; {faulty} rows do not fit their table"
    return lag <= WORST_LAG_SECONDS, detail
