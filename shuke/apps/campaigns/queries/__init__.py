"""Reading campaigns."""

from shuke.apps.campaigns.queries.campaigns import (
    campaign,
    campaign_names,
    campaigns_between,
    campaigns_due,
    campaigns_page,
    progress,
)
from shuke.apps.campaigns.queries.checking import checklist
from shuke.apps.campaigns.queries.composing import preview_member, sample_members
from shuke.apps.campaigns.queries.recommending import snippets
from shuke.apps.campaigns.queries.reporting import campaign_report

__all__ = [
    "campaign",
    "campaign_names",
    "campaign_report",
    "campaigns_between",
    "campaigns_due",
    "campaigns_page",
    "checklist",
    "preview_member",
    "progress",
    "sample_members",
    "snippets",
]
