"""Batches and their codes."""

from collections.abc import Iterator
from datetime import date

from shuke.apps.audiences.queries import audience_member_ids
from shuke.apps.members.queries import active_count
from shuke.apps.promotions.models import Voucher, VoucherBatch
from shuke.apps.promotions.queries.codes import secret_of
from shuke.apps.promotions.rules.codes import derived_codes
from shuke.platform.batches import in_batches


def batch_codes(batch_id: str) -> Iterator[tuple[str, str]]:
    """(code, state) of every voucher of a batch, without holding them all; codes are in the clear."""
    batch = VoucherBatch.objects.filter(public_id=batch_id).first()
    if batch is None:
        return
    secret = secret_of(batch)
    rows = Voucher.objects.filter(batch=batch).order_by("number").values_list("number", "state")
    for part in in_batches(rows.iterator(chunk_size=5_000), 5_000):
        yield from zip(derived_codes(secret, [n for n, _ in part]), [s for _, s in part], strict=True)


def issue_size(audience_id: str, *, as_of: date) -> int:
    """How many members would get a voucher that is issued to an audience.  Raises ``NotFound``."""
    return active_count(audience_member_ids(audience_id, as_of=as_of))
