"""Reading campaigns."""

from shuke.apps.campaigns.queries.campaigns import (
    campaign,
    campaigns_between,
    campaigns_due,
    campaigns_page,
    progress,
)
from shuke.apps.campaigns.queries.checking import checklist
from shuke.apps.campaigns.queries.composing import preview_member

__all__ = [
    "campaign",
    "campaigns_between",
    "campaigns_due",
    "campaigns_page",
    "checklist",
    "preview_member",
    "progress",
]
