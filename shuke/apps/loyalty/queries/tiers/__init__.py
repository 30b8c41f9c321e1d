"""Reading tiers: programmes, where members stand, how they moved."""

from shuke.apps.loyalty.queries.tiers.programs import (
    has_tiers,
    tier_keys,
    tier_names,
    tier_program,
    tier_programs,
)
from shuke.apps.loyalty.queries.tiers.reporting import (
    members_by_tier,
    tier_changes,
    tier_flows,
    tier_shares,
    tiers_on,
)
from shuke.apps.loyalty.queries.tiers.standings import (
    exported_tiers,
    members_in_tier,
    tier_history,
    tier_invitations,
    tier_of,
    tiers_of,
    tiers_over_time,
)
from shuke.apps.loyalty.queries.tiers.trials import (
    is_large_history,
    newest_trial,
    tier_trial,
    trial_key,
    trial_moves,
)

__all__ = [
    "exported_tiers",
    "has_tiers",
    "is_large_history",
    "members_by_tier",
    "members_in_tier",
    "newest_trial",
    "tier_changes",
    "tier_flows",
    "tier_history",
    "tier_invitations",
    "tier_keys",
    "tier_names",
    "tier_of",
    "tier_program",
    "tier_programs",
    "tier_shares",
    "tier_trial",
    "tiers_of",
    "tiers_on",
    "tiers_over_time",
    "trial_key",
    "trial_moves",
]
