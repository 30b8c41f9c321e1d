"""Who gets an order's parcel: kept apart from the buyer, encrypted, and never in the lake."""

from django.db import models


class OrderReceiver(models.Model):
    """The receiver of one order.  ``person_key`` is the buyer's key; the receiver identifies nobody.

    ``phone_hash`` is a keyed hash with a purpose of its own, so that a receiver can be erased who asks for
    it; it equals no identifier's.  ``content_hash`` tells whether a file says something new.
    """

    order_id = models.CharField(max_length=200, unique=True)
    person_key = models.CharField(max_length=24, db_index=True)
    name_encrypted = models.BinaryField(default=b"", blank=True)
    phone_encrypted = models.BinaryField(default=b"", blank=True)
    address_encrypted = models.BinaryField(default=b"", blank=True)
    phone_hash = models.CharField(max_length=64, blank=True, db_index=True)
    content_hash = models.CharField(max_length=64)
    source = models.CharField(max_length=80)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.order_id
