"""Making one voucher of a batch."""

from datetime import datetime

from django.db import IntegrityError, transaction

from shuke.apps.promotions.models import Voucher, VoucherBatch, VoucherVersion
from shuke.apps.promotions.queries.codes import secret_of, voucher_ids
from shuke.apps.promotions.rules.codes import derived_codes
from shuke.apps.promotions.rules.keys import number_of_key
from shuke.apps.promotions.rules.terms import terms_of
from shuke.apps.promotions.rules.validity import life
from shuke.platform.retailer.queries import retailer


def drawn_before(version: VoucherVersion, *, key: str) -> Voucher | None:
    """The voucher that ``key`` has drawn singly of an earlier version: a request is answered the same for ever."""
    if version.number == 1:
        return None
    rows = Voucher.objects.filter(
        batch__version__definition=version.definition_id, batch__kind="single", number=number_of_key(key)
    )
    return rows.order_by("pk").first()


def draw_voucher(
    batch: VoucherBatch, *, key: str, member_id: int | None, state: str, at: datetime
) -> tuple[Voucher, bool]:
    """A voucher whose number follows from ``key``, and whether it is new; asked again, the same one as it is now.

    ``state`` is issued (nobody's yet, or waiting for a purchase) or claimed.  ``member_id`` is the database's key.
    The batch's version and definition must be loaded.  The caller writes the step.
    """
    number = number_of_key(key)
    before = Voucher.objects.filter(batch=batch, number=number).first()
    if before is not None:
        return before, False
    is_held = state == "claimed"
    valid_from, valid_through = life(
        terms_of(batch.version.terms), begins_at=at, is_held=is_held, time_zone=retailer().time_zone
    )
    row = Voucher(
        public_id=voucher_ids(derived_codes(secret_of(batch), [number]))[0],
        batch=batch,
        number=number,
        member_id=member_id if is_held else None,
        state=state,
        valid_from=valid_from,
        valid_through=valid_through,
        claimed_at=at if is_held else None,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Voucher.objects.get(batch=batch, number=number), False
    return row, True
