"""What tills asked for, held and took.  Receipts and returns are only ever added; a reservation ends once."""

from django.db import models
from django.db.models import Q

from shuke.platform.ids import new_id

RESERVATION_STATES = [(state, state) for state in ("open", "committed", "released", "ended")]


def new_call_id() -> str:
    return new_id("cal")


def new_reservation_id() -> str:
    return new_id("rsv")


def new_receipt_id() -> str:
    return new_id("rct")


def new_return_id() -> str:
    return new_id("rtn")


class PointsRate(models.Model):
    """What points are worth at the till from a day on; the newest that has begun counts."""

    points_type = models.ForeignKey("loyalty.PointsType", on_delete=models.PROTECT, related_name="rates")
    starts_on = models.DateField()
    points = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    minimum_points = models.PositiveIntegerField(default=1)
    maximum_percent = models.PositiveSmallIntegerField(default=100)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0, minor__gt=0), name="rate_above_zero"),
            models.CheckConstraint(condition=Q(maximum_percent__lte=100), name="rate_share"),
        ]
        indexes = [models.Index(fields=["points_type", "-starts_on"])]

    def __str__(self) -> str:
        return f"{self.points} = {self.minor}"


class CheckoutCall(models.Model):
    """A key that was used, and what it was answered.  The row lives in the transaction of the call itself."""

    public_id = models.CharField(max_length=24, unique=True, default=new_call_id, editable=False)
    key = models.CharField(max_length=120, unique=True)
    call = models.CharField(max_length=10)
    # Keyed, because a body may hold a phone number.
    request_hash = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    member = models.ForeignKey("members.Member", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.call} {self.key}"


class Reservation(models.Model):
    """A quote that is held for a till until ``expires_at``.

    ``basket`` is what was asked, without codes and contacts; ``hold_id`` the transaction that holds the
    points.  Vouchers and benefit uses are held under the reservation's own id.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_reservation_id, editable=False)
    member = models.ForeignKey(
        "members.Member", null=True, on_delete=models.PROTECT, related_name="reservations"
    )
    state = models.CharField(max_length=10, default="open", choices=RESERVATION_STATES)
    basket = models.JSONField()
    quote = models.JSONField()
    hold_id = models.CharField(max_length=24, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=120)

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="reservations_open"),
            models.Index(fields=["-created_at"]),
        ]

    def __str__(self) -> str:
        return self.public_id


class Receipt(models.Model):
    """A basket that was paid, with its stored allocation: ``quote`` is the reservation's.

    ``spent_id`` is the transaction that spent the points, ``earned`` points by type.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_receipt_id, editable=False)
    reservation = models.OneToOneField(Reservation, on_delete=models.PROTECT, related_name="receipt")
    member = models.ForeignKey("members.Member", null=True, on_delete=models.PROTECT, related_name="receipts")
    order_id = models.CharField(max_length=200, null=True, unique=True)
    payment_reference = models.CharField(max_length=120, blank=True)
    quote = models.JSONField()
    spent_id = models.CharField(max_length=24, blank=True)
    earned = models.JSONField(default=dict)
    committed_at = models.DateTimeField()
    actor = models.CharField(max_length=120)

    class Meta:
        indexes = [models.Index(fields=["member", "-committed_at"]), models.Index(fields=["-committed_at"])]

    def __str__(self) -> str:
        return self.public_id


class CheckoutReturn(models.Model):
    """Lines and quantities that came back, and what that gave.  All returns of a receipt are replayed in order."""

    public_id = models.CharField(max_length=24, unique=True, default=new_return_id, editable=False)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="returns")
    number = models.PositiveIntegerField()
    lines = models.JSONField()
    refunds = models.JSONField()
    recovered = models.JSONField(default=dict)
    lost_vouchers = models.JSONField(default=list)
    shipping_minor = models.BigIntegerField(default=0)
    points_given_back = models.BigIntegerField(default=0)
    points_taken_back = models.JSONField(default=dict)
    vouchers = models.JSONField(default=list)
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt", "number"], name="return_number_once"),
        ]

    def __str__(self) -> str:
        return self.public_id
