"""Forgetting people, step by step; docs/algorithms/erasure.md says what each step survives."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.events import ErasureWanted, MemberErased
from shuke.apps.compliance.models import DeviceDecision, ErasureRequest
from shuke.apps.compliance.operations.replaying import (
    keep_lines,
    remember,
    replay_file,
    returned_keys,
    returned_members,
)
from shuke.apps.compliance.queries.erasures import erasure_view
from shuke.apps.compliance.schemas import ErasureView
from shuke.apps.connections.queries import batches_page
from shuke.apps.members.queries import absorbed_members, member_refs, survivor_of
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import decrypt, encrypt
from shuke.platform.database import scrub_database
from shuke.platform.errors import NotFound, Refused
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.outbox.erasing import pass_waiting, take_out
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.privacy import Trace, erase_all, sweepers, trace_of
from shuke.platform.warehouse import lake

#: Work that knew a person before has this long to end; then everything is looked at once more.
SETTLING = timedelta(hours=1)
#: An import that runs holds the last look up, but not for ever.
LONGEST_WAIT = timedelta(days=2)
ONGOING = ("outbox", "replay_list", "lake", "files", "database")
#: Told how far it is: steps done, steps in all, the step's name.
Tell = Callable[[int, int, str], None]


def _quiet(_done: int, _total: int, _label: str) -> None:
    """Nobody looks."""


@transaction.atomic
def request_erasure(
    *,
    actor: Actor,
    at: datetime,
    member_id: str,
    reason: str = "asked",
    source: str = "console",
    is_urgent: bool = False,
) -> ErasureView:
    """Ask that a person be forgotten: by the nightly run, or by a job now if it ``is_urgent``.

    Asking again while it is not done is the same request.  Raises ``NotFound`` for an unknown member.
    """
    speaker = survivor_of(member_id)
    found = ErasureRequest.objects.filter(member_id=speaker).exclude(step__in=["done", "cancelled"]).first()
    if found is not None:
        if is_urgent:
            emit(ErasureWanted(found.public_id))
        return erasure_view(found)
    try:
        with transaction.atomic():
            row = ErasureRequest.objects.create(
                member_id=speaker,
                reason=reason[:200],
                source=source[:80],
                actor_name=actor.name[:120],
                requested_at=at,
            )
    except IntegrityError as error:
        raise Refused("erasure_exists", _("Somebody has just asked for this erasure.")) from error
    if is_urgent:
        emit(ErasureWanted(row.public_id))
    changes = {"reason": [None, reason[:200]]}
    record_audit(actor=actor, at=at, verb="erasure.requested", subject=("member", speaker), changes=changes)
    return erasure_view(row)


@transaction.atomic
def hurry_erasures(*, actor: Actor, at: datetime) -> None:
    """Let everything that waits begin now and not in the night."""
    emit(ErasureWanted(""))
    count = ErasureRequest.objects.filter(step="waiting").count()
    record_audit(
        actor=actor,
        at=at,
        verb="erasure.started",
        subject=("erasure", "all"),
        changes={"waiting": [count, 0]},
    )


@transaction.atomic
def cancel_erasure(*, actor: Actor, at: datetime, erasure_id: str) -> ErasureView:
    """Take a request back that has not begun.  Refuses one that has: there is no way back."""
    row = ErasureRequest.objects.select_for_update().filter(public_id=erasure_id).first()
    if row is None:
        raise NotFound("erasure_not_found", _("There is no such erasure."))
    if row.step != "waiting":
        raise Refused("erasure_began", _("The erasure has begun and cannot be taken back."))
    row.step, row.finished_at = "cancelled", at
    row.save(update_fields=["step", "finished_at"])
    record_audit(actor=actor, at=at, verb="erasure.cancelled", subject=("member", row.member_id), changes={})
    return erasure_view(row)


def erase_member(*, actor: Actor, at: datetime, member_id: str) -> int:
    """Forget a person now.  Returns the number of lake rows deleted; raises ``NotFound`` for an unknown member.

    May be killed at any moment: the request stays and is taken up again.
    """
    if member_id not in member_refs([member_id]):
        raise NotFound("member_not_found", _("There is no such member."))
    asked = request_erasure(actor=actor, at=at, member_id=member_id, source="command")
    run_erasures(at=at, only=[asked.id])
    return int(ErasureRequest.objects.get(public_id=asked.id).counts.get("lake_rows", 0))


def run_erasures(*, at: datetime, only: Iterable[str] | None = None, tell: Tell = _quiet) -> int:
    """Take every open request (or these) as far as it goes now; returns how many are done with for good.

    One run at a time over all processes.  What fails is tried again at the next run.
    """
    with exclusive("erasure"):
        rows = ErasureRequest.objects.exclude(step__in=["done", "cancelled"]).order_by("pk")
        if only is not None:
            rows = rows.filter(public_id__in=list(only))
        due = [row for row in rows if _is_due(row, at=at)]
        for row in due:
            _begin(row, at=at)
        for number, step in enumerate(ONGOING):
            tell(number, len(ONGOING), step)
            _run_step(step, [row for row in due if row.step == step], at=at)
        tell(len(ONGOING), len(ONGOING), "")
        return sum(row.step == "done" for row in due)


def _is_due(row: ErasureRequest, *, at: datetime) -> bool:
    if row.step != "settling":
        return True
    if row.settle_at is None or row.settle_at > at:
        return False
    _rows, running = batches_page(limit=1, state="running")
    return not running or row.requested_at < at - LONGEST_WAIT


@transaction.atomic
def _begin(row: ErasureRequest, *, at: datetime) -> None:
    """The rows of the database, and the trace of what they said, in one transaction."""
    if row.step not in {"waiting", "settling"}:
        return
    is_first = row.step == "waiting"
    trace = _joined(trace_in(row), trace_of(row.member_id))
    keys = {*trace.person_keys, *absorbed_members(row.member_id)} - {""}
    for member_id in sorted({row.member_id, *_member_ids(keys)}):
        keys |= erase_all(member_id, at) - {""}
    DeviceDecision.objects.filter(person_key__in=keys).delete()
    trace = replace(trace, person_keys=tuple(sorted(keys)))
    row.trace_encrypted = encrypt(json.dumps(trace.as_data()))
    row.started_at = row.started_at or at
    row.step, row.error, row.rounds = "outbox", "", row.rounds + 1
    row.save()
    if is_first:
        subject = ("member", row.member_id)
        record_audit(actor=SYSTEM, at=at, verb="member.erased", subject=subject, changes={})
        emit(MemberErased(row.member_id, at))


def _member_ids(keys: Iterable[str]) -> set[str]:
    """Members that were merged into somebody: their ids stand among the keys of the lake."""
    return {key for key in keys if key.startswith("mem_")}


def trace_in(row: ErasureRequest) -> Trace:
    """What the person was known by, as far as it was found until now."""
    stored = decrypt(row.trace_encrypted)
    return Trace.from_data(json.loads(stored)) if stored else Trace(row.member_id)


def _joined(one: Trace, other: Trace) -> Trace:
    return Trace(
        one.member_id,
        tuple(dict.fromkeys((*one.identifiers, *other.identifiers))),
        tuple(dict.fromkeys((*one.person_keys, *other.person_keys))),
    )


def _run_step(step: str, rows: Sequence[ErasureRequest], *, at: datetime) -> None:
    if not rows:
        return
    traces = tuple(trace_in(row) for row in rows)
    try:
        counts = _STEPS[step](traces, at)
    except Exception as error:
        for row in rows:
            row.error = type(error).__name__
            row.save(update_fields=["error"])
        raise
    for row in rows:
        row.counts = {name: row.counts.get(name, 0) + count for name, count in counts.items()} | {
            name: count for name, count in row.counts.items() if name not in counts
        }
        _advance(row, step, at=at)


def _advance(row: ErasureRequest, step: str, *, at: datetime) -> None:
    following = ONGOING.index(step) + 1
    row.error = ""
    if following < len(ONGOING):
        row.step = ONGOING[following]
    elif row.rounds == 1:
        row.step, row.settle_at = "settling", at + SETTLING
    else:
        row.step, row.finished_at, row.trace_encrypted = "done", at, b""
    row.save()


def _outbox(traces: tuple[Trace, ...], _at: datetime) -> dict[str, int]:
    removed = take_out([value for trace in traces for value in (trace.member_id, *trace.person_keys)])
    pass_waiting()
    return {"outbox_facts": removed}


def _replay_list(traces: tuple[Trace, ...], at: datetime) -> dict[str, int]:
    remember(traces, at=at)
    return {}


def _lake(traces: tuple[Trace, ...], _at: datetime) -> dict[str, int]:
    keys = {key for trace in traces for key in trace.person_keys}
    words = {value for trace in traces for value in trace.values() if len(value) >= 6}
    removed = [
        *lake().delete_persons(keys, words=words).values(),
        *lake().delete_members({*_member_ids(keys), *(trace.member_id for trace in traces)}).values(),
    ]
    return {"lake_rows": sum(removed)}


def _files(traces: tuple[Trace, ...], at: datetime) -> dict[str, int]:
    return {f"places_{app}": sweep(traces, at) for app, sweep in sweepers().items()}


def _database(_traces: tuple[Trace, ...], _at: datetime) -> dict[str, int]:
    scrub_database()
    return {}


_STEPS: dict[str, Callable[[tuple[Trace, ...], datetime], dict[str, int]]] = {
    "outbox": _outbox,
    "replay_list": _replay_list,
    "lake": _lake,
    "files": _files,
    "database": _database,
}


def replay_list(path: Path, *, at: datetime) -> tuple[int, int]:
    """Erase again whoever of a list is back after a restore; returns how many people, and rows of the lake."""
    back = returned_members(path)
    asked = [
        request_erasure(actor=SYSTEM, at=at, member_id=member_id, reason="replay", source="replay")
        for member_id in back
    ]
    run_erasures(at=at)
    found = ErasureRequest.objects.filter(public_id__in=[view.id for view in asked])
    rows = max((int(row.counts.get("lake_rows", 0)) for row in found), default=0)
    # The lake may be older than the database: its facts come back without their person.
    keys = returned_keys(path)
    rows += sum(lake().delete_persons(keys).values())
    if path.resolve() != replay_file().resolve():
        keep_lines(path)
    return len(back), rows
