"""Every change of the loyalty programme."""

from shuke.apps.loyalty.operations.adjusting import (
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
    set_adjustment_limit,
)
from shuke.apps.loyalty.operations.earning import (
    award_event,
    award_purchase,
    discard_draft,
    draft_rules,
    publish_rules,
    put_rule,
    remove_rule,
    return_purchase,
    write_rules,
)
from shuke.apps.loyalty.operations.forgetting import forget_notes
from shuke.apps.loyalty.operations.heads import ask_for_verification, verify_ledger
from shuke.apps.loyalty.operations.merging import gather_stranded, merge_wallets, unmerge_wallets
from shuke.apps.loyalty.operations.points import (
    adjust_points,
    award_points,
    claw_back_points,
    commit_hold,
    give_back_points,
    hold_points,
    release_hold,
    reverse_transaction,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.reminding import remind_expiring
from shuke.apps.loyalty.operations.settling import settle_wallets
from shuke.apps.loyalty.operations.types import define_points_type, rename_points_type

__all__ = [
    "adjust_points",
    "approve_adjustment",
    "ask_for_verification",
    "award_event",
    "award_points",
    "award_purchase",
    "claw_back_points",
    "commit_hold",
    "define_points_type",
    "discard_draft",
    "draft_rules",
    "forget_notes",
    "gather_stranded",
    "give_back_points",
    "hold_points",
    "merge_wallets",
    "publish_rules",
    "put_rule",
    "reject_adjustment",
    "release_hold",
    "remind_expiring",
    "remove_rule",
    "rename_points_type",
    "request_adjustment",
    "return_purchase",
    "reverse_transaction",
    "set_adjustment_limit",
    "settle_wallets",
    "spend_points",
    "transfer_points",
    "unmerge_wallets",
    "verify_ledger",
    "write_rules",
]
