"""Campaigns, their lists and their progress."""

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shuke.apps.campaigns.models import Campaign, CampaignRun
from shuke.apps.campaigns.rules import fingerprint
from shuke.apps.campaigns.schemas import CampaignRow, CampaignView, ContentInput, Progress, RunView
from shuke.apps.channels.queries import run_counts
from shuke.apps.channels.schemas import RunCounts
from shuke.platform.errors import NotFound

#: What approval covers.
PLAN_FIELDS = (
    "name", "goal", "notes", "audience_id", "audience_version", "channel", "starts_on", "ends_on", "budget_minor",
    "cost_per_thousand_minor", "currency", "control_percent", "is_lasting_control", "wished_lift_percent",
)  # fmt: skip
ROW_FIELDS = tuple(name for name in CampaignRow.model_fields if name != "id")
VIEW_FIELDS = tuple(name for name in CampaignView.model_fields if name not in {"id", "contents", "run"})


def campaign_row(campaign_id: str, *, lock: bool = False) -> Campaign:
    """The row.  Raises ``NotFound``."""
    rows = Campaign.objects.select_for_update() if lock else Campaign.objects.all()
    row = rows.filter(public_id=campaign_id).first()
    if row is None:
        raise NotFound("campaign_not_found", _("There is no such campaign."))
    return row


def content_inputs(row: Campaign) -> list[ContentInput]:
    """The templates in a fixed order."""
    rows = row.contents.order_by("channel", "variant", "language")
    return [
        ContentInput.model_construct(
            channel=c.channel,
            variant=c.variant,
            language=c.language,
            subject=c.subject,
            text=c.text,
            html=c.html,
        )
        for c in rows
    ]


def plan_fingerprint(row: Campaign) -> str:
    """The fingerprint of the row as it is now."""
    plan = {field: getattr(row, field) for field in PLAN_FIELDS}
    return fingerprint(plan, [content.model_dump() for content in content_inputs(row)])


def run_view(run: CampaignRun | None) -> RunView | None:
    """The run with its counts."""
    if run is None:
        return None
    return RunView(
        id=run.public_id,
        size=run.size,
        treated=run.treated,
        queued_upto=run.queued_upto,
        started_at=run.started_at,
        finished_at=run.finished_at,
        counts=run_counts(run.public_id),
    )


def campaign_view(row: Campaign) -> CampaignView:
    """The public view of a row."""
    run = CampaignRun.objects.filter(campaign=row).first()
    values = {field: getattr(row, field) for field in VIEW_FIELDS}
    return CampaignView(id=row.public_id, contents=content_inputs(row), run=run_view(run), **values)


def campaign(campaign_id: str) -> CampaignView:
    """One campaign.  Raises ``NotFound``."""
    return campaign_view(campaign_row(campaign_id))


def _row_view(row: Campaign) -> CampaignRow:
    return CampaignRow(id=row.public_id, **{field: getattr(row, field) for field in ROW_FIELDS})


def campaigns_page(
    *, limit: int = 50, offset: int = 0, state: str = "", text: str = ""
) -> tuple[list[CampaignRow], int]:
    """Campaigns, newest first, and how many there are."""
    rows = Campaign.objects.order_by("-starts_on", "-id")
    if state:
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(code=text) | Q(audience_name__icontains=text))
    return [_row_view(row) for row in rows[offset : offset + limit]], rows.count()


def campaigns_between(first: date, last: date) -> list[CampaignRow]:
    """Campaigns whose days touch those from ``first`` to ``last``, by their start."""
    rows = Campaign.objects.filter(starts_on__lte=last, ends_on__gte=first).order_by("starts_on", "id")
    return [_row_view(row) for row in rows]


def campaigns_due(at: datetime) -> list[str]:
    """Ids of campaigns that need work now: their time has come, they run, or were stopped with messages left."""
    unfinished = Q(state="running") | Q(state="stopped", run__isnull=False, run__finished_at=None)
    rows = Campaign.objects.filter(Q(state="scheduled", scheduled_at__lte=at) | unfinished)
    return list(rows.order_by("scheduled_at", "id").values_list("public_id", flat=True))


def progress(campaign_id: str) -> Progress:
    """How far the sending is.  Raises ``NotFound``."""
    row = campaign_row(campaign_id)
    run = CampaignRun.objects.filter(campaign=row).first()
    counts = run_counts(run.public_id) if run else RunCounts()
    total = run.treated if run else 0
    done = counts.ended
    percent = 100 if row.state == "done" else 100 * done // total if total else 0
    return Progress(
        state=row.state, done=done, total=total, counts=counts, percent=percent, problem=row.problem
    )


def campaign_names(campaign_ids: Collection[str]) -> dict[str, str]:
    """Names by id of those that exist."""
    rows = Campaign.objects.filter(public_id__in=list(campaign_ids)[:5000])
    return dict(rows.values_list("public_id", "name"))
