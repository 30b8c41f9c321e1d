"""Earning points: the rules' versions, purchases, returns, events."""

from shuke.apps.loyalty.operations.earning.events import award_event
from shuke.apps.loyalty.operations.earning.purchases import TillsOrder, award_purchase, return_purchase
from shuke.apps.loyalty.operations.earning.versions import (
    discard_draft,
    draft_rules,
    publish_rules,
    put_rule,
    remove_rule,
    write_rules,
)

__all__ = [
    "TillsOrder",
    "award_event",
    "award_purchase",
    "discard_draft",
    "draft_rules",
    "publish_rules",
    "put_rule",
    "remove_rule",
    "return_purchase",
    "write_rules",
]
