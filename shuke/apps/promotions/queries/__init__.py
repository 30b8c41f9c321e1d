"""Every read of vouchers."""

from shuke.apps.promotions.queries.batches import batch_codes, issue_size
from shuke.apps.promotions.queries.books import voucher_findings
from shuke.apps.promotions.queries.definitions import (
    batch,
    batches_of,
    claimable_definitions,
    definition,
    definition_names,
    definitions_page,
    unfinished_batches,
)
from shuke.apps.promotions.queries.examples import example_quote
from shuke.apps.promotions.queries.exposure import budget_warnings, exposure_in_words
from shuke.apps.promotions.queries.holdings import member_vouchers
from shuke.apps.promotions.queries.offers import member_offers, priced_offers
from shuke.apps.promotions.queries.prices import points_names, register_points
from shuke.apps.promotions.queries.quoting import (
    is_locked_out,
    reason_in_words,
    voucher_quote,
    vouchers_after_return,
)
from shuke.apps.promotions.queries.reporting import (
    redemption_curve,
    voucher,
    voucher_costs,
    voucher_id_of,
    vouchers_record,
)
from shuke.apps.promotions.queries.wording import terms_in_words

__all__ = [
    "batch",
    "batch_codes",
    "batches_of",
    "budget_warnings",
    "claimable_definitions",
    "definition",
    "definition_names",
    "definitions_page",
    "example_quote",
    "exposure_in_words",
    "is_locked_out",
    "issue_size",
    "member_offers",
    "member_vouchers",
    "points_names",
    "priced_offers",
    "reason_in_words",
    "redemption_curve",
    "register_points",
    "terms_in_words",
    "unfinished_batches",
    "voucher",
    "voucher_costs",
    "voucher_findings",
    "voucher_id_of",
    "voucher_quote",
    "vouchers_after_return",
    "vouchers_record",
]
