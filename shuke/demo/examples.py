"""Example audiences and one example campaign, made with the operations that people use."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from shuke.apps.audiences.operations import create_audience
from shuke.apps.audiences.queries import audiences_page
from shuke.apps.campaigns.operations import (
    approve_campaign,
    continue_campaign,
    create_campaign,
    start_campaign,
    submit_campaign,
    write_content,
)
from shuke.apps.campaigns.queries import campaigns_page
from shuke.apps.campaigns.schemas import CampaignInput, ContentInput
from shuke.platform.clock import business_date
from shuke.platform.permissions import Actor

AUTHOR = Actor(kind="system", id="demo-author", name="Demo: marketer", role="administrator")
APPROVER = Actor(kind="system", id="demo-approver", name="Demo: approver", role="administrator")
WINDOW_DAYS = 28

_REACHABLE = {"type": "reachable", "channel": "email", "purpose": "marketing"}
AUDIENCES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "Everybody who may be written to": {"type": "all", "children": [_REACHABLE]},
        "At risk but valuable": {
            "type": "all",
            "children": [
                {
                    "type": "trait",
                    "field": "lifecycle_stage",
                    "operator": "in",
                    "values": ["at_risk", "lost"],
                },
                {"type": "trait", "field": "monetary_score", "operator": "ge", "value": 4},
            ],
        },
        "Buys produce, no dairy for 30 days": {
            "type": "all",
            "children": [
                {
                    "type": "purchase",
                    "goods": {"departments": ["PRODUCE"]},
                    "window": {"type": "last_days", "days": 90},
                },
                {
                    "type": "purchase",
                    "did": False,
                    "goods": {"categories": ["FLUID MILK PRODUCTS"]},
                    "window": {"type": "last_days", "days": 30},
                },
            ],
        },
    }
)
CAMPAIGN = "Weekend voucher (replayed)"
NOTES = (
    "An honest example: Shuke chose a control group and wrote the messages to the console outbox as of a day "
    "eight weeks ago. Nobody received them, so the true effect is nil and the report should say that chance "
    "explains the difference."
)
SUBJECTS = {
    "en": "{{ member.first_name or 'Dear guest' }}, 5 off this weekend",
    "zh-hans": "{{ member.first_name or '您好' }}，本周末立减5元",
}
TEXTS = {
    "en": "Hello {{ member.first_name or 'there' }},\n\nshow this message at the till this weekend and save 5.\n",
    "zh-hans": "{{ member.first_name or '您好' }}：\n\n本周末结账时出示此消息，立减5元。\n",
}


def make_audiences(*, at: datetime, time_zone: str) -> str:
    """Save the examples that are not there yet; returns the id of the first."""
    today = business_date(at, time_zone)
    rows, _total = audiences_page(as_of=today, limit=200)
    known = {row.name: row.id for row in rows}
    for name, conditions in AUDIENCES.items():
        if name not in known:
            known[name] = create_audience(actor=AUTHOR, at=at, as_of=today, name=name, conditions=conditions)
    return known[next(iter(AUDIENCES))]


def replay_campaign(
    *, at: datetime, time_zone: str, audience_id: str, tell: Callable[[int, int], None] | None = None
) -> str | None:
    """Run the example campaign as of ``at``; ``None`` if it is there already."""
    found, _total = campaigns_page(text=CAMPAIGN)
    if any(row.name == CAMPAIGN for row in found):
        return None
    starts_on = business_date(at, time_zone)
    plan = CampaignInput(
        name=CAMPAIGN,
        goal="repurchase",
        notes=NOTES,
        audience_id=audience_id,
        channel="console",
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=WINDOW_DAYS - 1),
        budget_minor=50_000,
        cost_per_thousand_minor=1_000,
    )
    campaign = create_campaign(actor=AUTHOR, at=at, plan=plan)
    for language in ("en", "zh-hans"):
        content = ContentInput(
            channel="console", language=language, subject=SUBJECTS[language], text=TEXTS[language]
        )
        write_content(actor=AUTHOR, at=at, campaign_id=campaign.id, content=content)
    view = submit_campaign(actor=AUTHOR, at=at, campaign_id=campaign.id)
    if view.state == "in_review":
        approve_campaign(actor=APPROVER, at=at, campaign_id=campaign.id)
    start_campaign(actor=AUTHOR, at=at, campaign_id=campaign.id)
    continue_campaign(campaign_id=campaign.id, clock=lambda: at, on_progress=tell, send_batch_size=500)
    return campaign.id
