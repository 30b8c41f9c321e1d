"""Writing tiers: programmes and their versions, trials, placements, invitations."""

from shuke.apps.loyalty.operations.tiers.defining import (
    create_tier_program,
    drop_tier_draft,
    publish_tier_version,
    save_tier_draft,
)
from shuke.apps.loyalty.operations.tiers.forgetting import forget_tiers
from shuke.apps.loyalty.operations.tiers.inviting import end_invitation, invite_to_tier
from shuke.apps.loyalty.operations.tiers.placing import place_members
from shuke.apps.loyalty.operations.tiers.trying import request_tier_trial, try_tier_draft

__all__ = [
    "create_tier_program",
    "drop_tier_draft",
    "end_invitation",
    "forget_tiers",
    "invite_to_tier",
    "place_members",
    "publish_tier_version",
    "request_tier_trial",
    "save_tier_draft",
    "try_tier_draft",
]
