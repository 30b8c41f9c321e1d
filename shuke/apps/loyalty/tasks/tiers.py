"""Members are placed in their tiers every night, and soon after what may move them came in."""

from datetime import datetime, timedelta
from typing import Literal

from django_tasks import task

from shuke.apps.connections.events import ImportFinished, SyncFinished
from shuke.apps.identity.events import MembersMerged, MembersUnmerged
from shuke.apps.loyalty.events import TierTrialRequested, TierVersionPublished
from shuke.apps.loyalty.operations.tiers import place_members, try_tier_draft
from shuke.apps.loyalty.queries.tiers import has_tiers, trial_key
from shuke.platform.clock import business_date, now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer

#: Several files come in a row, their facts go to the lake and their points are awarded first.
PATIENCE = timedelta(minutes=3)


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=120)
def place_all_members() -> dict[str, int]:
    """Count every member through today; returns how many were placed and how many memberships began."""
    at = now()
    return place_members(at=at, today=business_date(at, retailer().time_zone)).model_dump()


schedule("tiers: place members", place_all_members, cron="5 3 * * *")


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=60)
def try_draft(program_id: str, kind: Literal["user", "token", "system"], actor_id: str, name: str) -> str:
    """Count everybody by the draft of a programme; returns the trial's id."""
    at = now()
    trial = try_tier_draft(
        actor=Actor(kind=kind, id=actor_id, name=name),
        at=at,
        today=business_date(at, retailer().time_zone),
        program_id=program_id,
        tell=lambda done, total: report_progress(done=done, total=total, label="members"),
    )
    return trial.id


@subscribe(TierTrialRequested)
def queue_trial(event: TierTrialRequested) -> None:
    """One trial of a draft at a time."""
    enqueue(
        try_draft,
        event.program_id,
        event.actor_kind,
        event.actor_id,
        event.actor_name,
        unique_key=trial_key(event.program_id),
    )


def _soon(at: datetime, *, patience: timedelta = PATIENCE) -> None:
    if has_tiers():
        enqueue(place_all_members, unique_key="tiers", run_after=at + patience)


@subscribe(ImportFinished)
def place_after_import(event: ImportFinished) -> None:
    """One placement for all that comes in within the next minutes."""
    _soon(event.at)


@subscribe(SyncFinished)
def place_after_sync(event: SyncFinished) -> None:
    """The same for a connection."""
    _soon(event.at)


@subscribe(MembersMerged)
def place_after_merge(event: MembersMerged) -> None:
    """Whoever speaks for two is counted over both."""
    _soon(event.at)


@subscribe(MembersUnmerged)
def place_after_unmerge(event: MembersUnmerged) -> None:
    """Each is counted alone again."""
    _soon(event.at)


@subscribe(TierVersionPublished)
def place_after_publishing(event: TierVersionPublished) -> None:
    """The first version may have begun in the past: its history is placed at once."""
    _soon(event.at, patience=timedelta(0))
