"""Every read of vouchers."""

from shuke.apps.promotions.queries.batches import batch_codes
from shuke.apps.promotions.queries.holdings import member_vouchers
from shuke.apps.promotions.queries.quoting import voucher_quote, vouchers_after_return

__all__ = ["batch_codes", "member_vouchers", "voucher_quote", "vouchers_after_return"]
