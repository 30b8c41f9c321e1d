"""Carrying a run out.  May be killed and called again at any time; see docs/algorithms/sending.md."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from shuke.apps.campaigns.events import CampaignFinished
from shuke.apps.campaigns.models import Campaign, CampaignRun, RunMember
from shuke.apps.campaigns.queries.campaigns import campaign_row, campaign_view
from shuke.apps.campaigns.queries.composing import (
    contents_of,
    member_fields,
    member_language,
    own_page_links,
    people,
    shared_context,
)
from shuke.apps.campaigns.queries.people import PURPOSE
from shuke.apps.campaigns.queries.recommending import recommended
from shuke.apps.campaigns.rules import CONTROL, UNREACHABLE, cost_minor
from shuke.apps.campaigns.schemas import CampaignView
from shuke.apps.channels.operations import ChannelUnavailable, cancel_queued, queue_messages, send_queued
from shuke.apps.channels.queries import run_counts
from shuke.apps.channels.schemas import Content, Recipient
from shuke.apps.experiments.operations import end_experiment, expose
from shuke.apps.identity.queries import primary_person_keys
from shuke.apps.recommendations.operations.message_lists import record_message_lists
from shuke.apps.recommendations.schemas import Answer
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.queries import retailer

QUEUE_BATCH = 500

Clock = Callable[[], datetime]
Contents = Mapping[tuple[str, str], Content]


def continue_campaign(
    *,
    campaign_id: str,
    clock: Clock,
    on_progress: Callable[[int, int], None] | None = None,
    send_batch_size: int = 50,
    is_turn_over: Callable[[], bool] = lambda: False,
) -> CampaignView:
    """Queue and send what is left of a started campaign, and finish it when nothing is.

    Once ``is_turn_over`` (and it stays so) it returns after the batch in hand; call again for the rest.

    May run in several processes at once.  ``on_progress`` gets (messages at their end, all).  A
    channel that does not work leaves the campaign running with ``problem`` set; call again later.
    """
    row = campaign_row(campaign_id)
    run = CampaignRun.objects.filter(campaign=row).first()
    if run is None:
        return campaign_view(row)

    def should_stop() -> bool:
        return is_turn_over() or not Campaign.objects.filter(pk=row.pk, state="running").exists()

    def told() -> None:
        if on_progress is not None:
            on_progress(run_counts(run.public_id).ended, run.treated)

    while not should_stop() and _queue_next(row, run_id=run.pk):
        told()
    try:
        send_queued(
            run_id=run.public_id,
            channel=row.channel,
            clock=clock,
            should_stop=should_stop,
            on_batch=told,
            batch_size=send_batch_size,
        )
    except (ChannelUnavailable, Refused) as error:
        Campaign.objects.filter(pk=row.pk).update(problem=str(error)[:300])
    else:
        _close(campaign_id, run_id=run.public_id, clock=clock)
    return campaign_view(campaign_row(campaign_id))


def _close(campaign_id: str, *, run_id: str, clock: Clock) -> None:
    """Hold back what a stop left in the queue, and finish if nothing is on its way."""
    if campaign_row(campaign_id).state == "stopped":
        cancel_queued(at=clock(), run_id=run_id, reason="campaign_stopped")
    if not run_counts(run_id).waiting:
        _finish(campaign_id, at=clock())


@transaction.atomic
def _queue_next(row: Campaign, *, run_id: int) -> int:
    """Queue the next members with their exposures and move the cursor, in one transaction; 0 when all are queued."""
    run = CampaignRun.objects.select_for_update().get(pk=run_id)
    chosen = list(
        RunMember.objects.filter(run=run, position__gte=run.queued_upto)
        .order_by("position")
        .values_list("position", "member__public_id", "arm")[:QUEUE_BATCH]
    )
    if not chosen:
        # Members who were erased meanwhile leave gaps, also at the end.
        CampaignRun.objects.filter(pk=run.pk).update(queued_upto=run.size)
        return 0
    arms = {member_id: arm for _position, member_id, arm in chosen}
    keys = primary_person_keys(arms)
    _expose(row, run, arms=arms, keys=keys)
    recipients, lists = _recipients(run, arms, keys=keys, contents=contents_of(row))
    record_message_lists(lists, at=run.started_at, person_keys=keys)
    queue_messages(
        at=run.started_at,
        campaign_id=row.public_id,
        run_id=run.public_id,
        channel=row.channel,
        purpose=PURPOSE,
        recipients=recipients,
        contents=contents_of(row),
        context=shared_context(row),
    )
    run.queued_upto = chosen[-1][0] + 1
    run.save(update_fields=["queued_upto"])
    return len(chosen)


def _expose(row: Campaign, run: CampaignRun, *, arms: Mapping[str, str], keys: Mapping[str, str]) -> None:
    """Both arms are told of at once and count from the same moment, else the comparison is crooked."""
    decided = {member_id: arm for member_id, arm in arms.items() if arm != UNREACHABLE}
    if decided:
        expose(
            experiment_id=row.experiment_id,
            campaign_id=row.public_id,
            assignments=decided,
            at=run.started_at,
            eligible_at=run.started_at,
            person_keys=dict(keys),
        )


def _recipients(
    run: CampaignRun, arms: Mapping[str, str], *, keys: Mapping[str, str], contents: Contents
) -> tuple[Sequence[Recipient], Mapping[str, Sequence[Answer]]]:
    """Who gets a message, and which recommendation lists those who can be reached read in it, by member."""
    found = people([member_id for member_id, arm in arms.items() if arm != CONTROL and member_id in keys])
    first = min(variant for variant, _language in contents)
    links = own_page_links(found, contents=contents, at=run.started_at)
    readers = {}
    for member_id, member in found.items():
        variant = first if arms[member_id] == UNREACHABLE else arms[member_id]
        readers[member_id] = (variant, member_language(member, variant=variant, contents=contents))
    offered = recommended(readers, contents=contents, at=run.started_at, run_id=run.public_id)
    recipients = [
        Recipient(
            member_id=member_id,
            person_key=keys[member_id],
            variant=readers[member_id][0],
            language=readers[member_id][1],
            fields=member_fields(
                found[member_id],
                own_page_url=links.get(member_id, ""),
                recommendations=offered[member_id].seen,
            ),
        )
        for member_id in arms
        if member_id in found
    ]
    read = {
        member_id: of_member.answers
        for member_id, of_member in offered.items()
        if of_member.answers and arms[member_id] != UNREACHABLE
    }
    return recipients, read


@transaction.atomic
def _finish(campaign_id: str, *, at: datetime) -> None:
    """All messages are at their end: note it once, with what it cost."""
    row = campaign_row(campaign_id, lock=True)
    run = CampaignRun.objects.select_for_update().get(campaign=row)
    counts = run_counts(run.public_id)
    is_queued = row.state == "stopped" or run.queued_upto >= run.size
    if run.finished_at is not None or counts.waiting or not is_queued:
        return
    run.finished_at = at
    run.save(update_fields=["finished_at"])
    if row.state == "running":
        row.state = "done"
    row.updated_at, row.problem = at, ""
    row.save(update_fields=["state", "updated_at", "problem"])
    record("costs", _costs(row, run, paid=counts.accepted + counts.bounced + counts.uncertain, at=at))
    end_experiment(actor=SYSTEM, at=at, experiment_id=row.experiment_id)
    emit(CampaignFinished(campaign_id, at, is_stopped=row.state == "stopped"))


def _costs(row: Campaign, run: CampaignRun, *, paid: int, at: datetime) -> list[dict[str, Any]]:
    amount = cost_minor(messages=paid, cost_per_thousand_minor=row.cost_per_thousand_minor)
    if not amount:
        return []
    return [
        {
            "cost_id": f"cost_{run.public_id}",
            "campaign_id": row.public_id,
            "channel": row.channel,
            "kind": "message",
            "amount_minor": amount,
            "currency": row.currency,
            "incurred_on": business_date(at, retailer().time_zone),
        }
    ]
