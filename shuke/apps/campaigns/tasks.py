"""Work in the background: campaigns whose time has come are started, and running ones carried on."""

from django_tasks import task

from shuke.apps.campaigns.operations import continue_campaign, start_campaign
from shuke.apps.campaigns.operations.starting import note_problem
from shuke.apps.campaigns.queries import campaign, campaigns_due
from shuke.apps.channels.operations import recover_dead_workers
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs import enqueue, has_had_its_turn, report_progress, retried, schedule
from shuke.platform.permissions import SYSTEM


@task(queue_name="default")
@retried(max_attempts=5, backoff_seconds=10)
def carry_on(campaign_id: str) -> None:
    """Start the campaign if it is due, then queue and send what is left; a killed run goes on here."""
    if campaign(campaign_id).state == "scheduled":
        try:
            start_campaign(actor=SYSTEM, at=now(), campaign_id=campaign_id)
        except Refused as refused:
            # Nobody is there to read a refusal, so it stands at the campaign, which waits for a person.
            note_problem(at=now(), campaign_id=campaign_id, problem=str(refused))
            return
    continue_campaign(
        campaign_id=campaign_id,
        clock=now,
        on_progress=lambda done, total: report_progress(done=done, total=total, label="messages"),
        # The rest goes on with the next look at all campaigns, seconds later.
        is_turn_over=has_had_its_turn,
    )


@task(queue_name="default")
def carry_on_all() -> None:
    """Queue one job for every campaign that needs work; placing messages of dead workers first."""
    recover_dead_workers(at=now())
    for campaign_id in campaigns_due(now()):
        enqueue(carry_on, campaign_id, unique_key=f"campaign:{campaign_id}")


schedule("campaigns", carry_on_all, every_seconds=3)
