"""Writing receivers and forgetting them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.commerce.models import OrderReceiver
from shuke.apps.commerce.schemas import Receiver
from shuke.platform.batches import in_batches
from shuke.platform.crypto import encrypt, keyed_hash
from shuke.sources.cleaning.phones import normalised_phone

CHANGING = (
    "person_key",
    "name_encrypted",
    "phone_encrypted",
    "address_encrypted",
    "phone_hash",
    "content_hash",
    "source",
    "updated_at",
)


def keep_receivers(*, at: datetime, source: str, region: str, receivers: Sequence[Receiver]) -> int:
    """Keep who gets the parcels, one receiver per order; returns how many are new or changed.

    The same receivers again change nothing.  A phone without country code is of ``region``.
    """
    changed = 0
    for part in in_batches({receiver.order_id: receiver for receiver in receivers}.values(), size=1000):
        changed += _keep(part, at=at, source=source, region=region)
    return changed


@transaction.atomic
def _keep(receivers: Sequence[Receiver], *, at: datetime, source: str, region: str) -> int:
    hashes = {receiver.order_id: _content_hash(receiver) for receiver in receivers}
    known = _known_hashes(hashes)
    rows = [
        OrderReceiver(
            order_id=receiver.order_id,
            person_key=receiver.person_key,
            name_encrypted=encrypt(receiver.name),
            phone_encrypted=encrypt(receiver.phone),
            address_encrypted=encrypt(receiver.address),
            phone_hash=phone_hash(receiver.phone, region=region),
            content_hash=hashes[receiver.order_id],
            source=source,
            updated_at=at,
        )
        for receiver in receivers
        if known.get(receiver.order_id) != hashes[receiver.order_id]
    ]
    OrderReceiver.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["order_id"], update_fields=list(CHANGING), batch_size=500
    )
    return len(rows)


def _known_hashes(orders: Mapping[str, str]) -> dict[str, str]:
    rows = OrderReceiver.objects.filter(order_id__in=list(orders))
    return dict(rows.values_list("order_id", "content_hash"))


def _content_hash(receiver: Receiver) -> str:
    said = "\x1f".join((receiver.person_key, receiver.name, receiver.phone, receiver.address))
    return keyed_hash(said, purpose="receiver")


def phone_hash(phone: str, *, region: str) -> str:
    """The keyed hash of a whole number; empty for a masked one, which many share."""
    number = normalised_phone(phone, region=region) if phone else None
    return keyed_hash(number, purpose="receiver:phone") if number else ""


def forget_receivers(*, person_keys: Iterable[str], phones: Iterable[str]) -> int:
    """Delete the receivers of a buyer's orders, and those reached by the phones (E.164), whoever ordered."""
    deleted = 0
    for keys in in_batches(person_keys):
        deleted += OrderReceiver.objects.filter(person_key__in=keys).delete()[0]
    for numbers in in_batches(phones):
        hashes = [keyed_hash(number, purpose="receiver:phone") for number in numbers]
        deleted += OrderReceiver.objects.filter(phone_hash__in=hashes).delete()[0]
    return deleted
