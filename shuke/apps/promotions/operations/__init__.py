"""Every change of vouchers.

Those a purchase needs are idempotent by ``key`` and may be called inside the caller's ``transaction.atomic()``; they
lock vouchers by id, then the members' counts, then the shards of limits and budgets.
"""

from shuke.apps.promotions.operations.batches import (
    create_shared_code,
    note_export,
    order_codes,
    order_issue,
)
from shuke.apps.promotions.operations.definitions import (
    change_definition,
    copy_definition,
    create_definition,
    end_definition,
    publish_definition,
)
from shuke.apps.promotions.operations.ending import (
    begin_cancelling,
    cancel_batch,
    cancel_voucher,
    expire_vouchers,
    forget_member,
    return_vouchers,
)
from shuke.apps.promotions.operations.holding import (
    claim_code,
    claim_voucher,
    issue_voucher,
    offer_gift,
    take_gift,
)
from shuke.apps.promotions.operations.making import issue_to_audience, make_codes
from shuke.apps.promotions.operations.offers import OfferClosed, claim_offer, take_code
from shuke.apps.promotions.operations.prices import sell_voucher, take_back_voucher
from shuke.apps.promotions.operations.purchases import (
    end_timed_out_vouchers,
    redeem_vouchers,
    release_vouchers,
    reserve_vouchers,
)
from shuke.apps.promotions.operations.trying import count_wrong_codes

__all__ = [
    "OfferClosed",
    "begin_cancelling",
    "cancel_batch",
    "cancel_voucher",
    "change_definition",
    "claim_code",
    "claim_offer",
    "claim_voucher",
    "copy_definition",
    "count_wrong_codes",
    "create_definition",
    "create_shared_code",
    "end_definition",
    "end_timed_out_vouchers",
    "expire_vouchers",
    "forget_member",
    "issue_to_audience",
    "issue_voucher",
    "make_codes",
    "note_export",
    "offer_gift",
    "order_codes",
    "order_issue",
    "publish_definition",
    "redeem_vouchers",
    "release_vouchers",
    "reserve_vouchers",
    "return_vouchers",
    "sell_voucher",
    "take_back_voucher",
    "take_code",
    "take_gift",
]
