"""Points that were exchanged for vouchers.  Rows are added, and taken back once at most."""

from django.db import models
from django.db.models import Q

from shuke.platform.ids import new_id

EXCHANGE_STATES = [(state, state) for state in ("made", "taken_back")]


def new_exchange_id() -> str:
    return new_id("vex")


class VoucherExchange(models.Model):
    """One voucher for points: ``spent_id`` is the transaction that spent them, ``given_back_id`` that gave them back.

    ``back_through`` is the member's last moment to take it back, by the terms it was made under; empty is never.
    ``returned`` of the points came back, ``expired`` ended at once since their time was over.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_exchange_id, editable=False)
    member = models.ForeignKey(
        "members.Member", null=True, on_delete=models.PROTECT, related_name="voucher_exchanges"
    )
    definition_id = models.CharField(max_length=24)
    voucher_id = models.CharField(max_length=24, unique=True)
    points_type = models.ForeignKey("loyalty.PointsType", on_delete=models.PROTECT, related_name="exchanges")
    points = models.PositiveBigIntegerField()
    spent_id = models.CharField(max_length=24)
    state = models.CharField(max_length=10, default="made", choices=EXCHANGE_STATES)
    made_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    back_through = models.DateTimeField(null=True, blank=True)
    given_back_id = models.CharField(max_length=24, blank=True)
    returned = models.PositiveBigIntegerField(default=0)
    expired = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0), name="exchange_above_zero"),
            models.CheckConstraint(
                condition=Q(state="made") | Q(ended_at__isnull=False), name="exchange_back_has_a_time"
            ),
        ]
        indexes = [models.Index(fields=["member", "-made_at"]), models.Index(fields=["-made_at"])]

    def __str__(self) -> str:
        return self.public_id
