"""What is known of facts on their way to the lake."""

from django.db.models import Count, Min

from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.schemas import OutboxState, TableFaults


def outbox_state() -> OutboxState:
    """What waits for the relay, and what was set aside because the lake cannot take it."""
    waiting = OutboxRow.objects.filter(relayed_at=None, fault="").aggregate(
        count=Count("id"), oldest=Min("recorded_at")
    )
    faulty = OutboxRow.objects.exclude(fault="")
    groups = faulty.values("table").annotate(count=Count("id"), first=Min("id"), since=Min("recorded_at"))
    reasons = dict(faulty.filter(pk__in=[group["first"] for group in groups]).values_list("pk", "fault"))
    return OutboxState(
        waiting=waiting["count"],
        oldest=waiting["oldest"],
        faults=tuple(
            TableFaults(group["table"], group["count"], reasons[group["first"]], group["since"])
            for group in groups.order_by("table")
        ),
    )
