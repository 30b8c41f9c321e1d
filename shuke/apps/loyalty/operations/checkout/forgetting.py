"""What erasure does to checkouts: amounts stay for the books, nobody's name with them."""

from datetime import datetime

from shuke.apps.loyalty.models import CheckoutCall, Receipt, Reservation
from shuke.apps.loyalty.operations.checkout.ending import closed, let_go


def forget_checkouts(*, member_id: str, at: datetime) -> int:
    """Cut receipts and answers from a member; what they had reserved is let go and deleted.

    Receipts keep their goods and amounts without member, order id and payment reference, so that goods can
    still come back.  Returns how many receipts there were.  Safe to run twice.
    """
    CheckoutCall.objects.filter(member__public_id=member_id).update(answer={}, member=None)
    held = Reservation.objects.filter(member__public_id=member_id)
    for row in held.filter(state="open").order_by("pk"):
        if closed(row, "released", at=at):
            let_go(row, at=at)
    held.exclude(state="committed").delete()
    receipts = Receipt.objects.filter(member__public_id=member_id)
    for rows in (held, receipts):
        for pk, quote in list(rows.values_list("pk", "quote")):
            rows.filter(pk=pk).update(quote={**quote, "member_id": None})
    held.update(member=None)
    return receipts.update(member=None, order_id=None, payment_reference="")
