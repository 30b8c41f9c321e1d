"""Reading receivers."""

from collections.abc import Iterable

from shuke.apps.commerce.models import OrderReceiver
from shuke.apps.commerce.rules import masked_address, masked_name, masked_phone
from shuke.apps.commerce.schemas import Receiver
from shuke.platform.batches import in_batches
from shuke.platform.crypto import decrypt


def receiver_of(order_id: str) -> Receiver | None:
    """The receiver of an order, masked; ``None`` where nobody told."""
    row = OrderReceiver.objects.filter(order_id=order_id).first()
    if row is None:
        return None
    whole = _clear(row)
    return Receiver(
        order_id=order_id,
        person_key=whole.person_key,
        name=masked_name(whole.name) if whole.name else "",
        phone=masked_phone(whole.phone) if whole.phone else "",
        address=masked_address(whole.address) if whole.address else "",
    )


def receivers_of_buyer(person_keys: Iterable[str]) -> list[Receiver]:
    """Receivers of a buyer's orders in the clear: only to hand out what is held."""
    found: list[OrderReceiver] = []
    for keys in in_batches(person_keys):
        found += OrderReceiver.objects.filter(person_key__in=keys).order_by("order_id")
    return [_clear(row) for row in found]


def _clear(row: OrderReceiver) -> Receiver:
    return Receiver(
        order_id=row.order_id,
        person_key=row.person_key,
        name=decrypt(row.name_encrypted),
        phone=decrypt(row.phone_encrypted),
        address=decrypt(row.address_encrypted),
    )
