"""What points are worth in the books."""

from django.db import models
from django.db.models import Q

from shuke.apps.loyalty.models.ledger import PointsType


class PointsCost(models.Model):
    """From the first of a month on, ``minor`` smallest coins per ``points`` points: what an issued point defers."""

    points_type = models.ForeignKey(PointsType, on_delete=models.PROTECT, related_name="costs")
    valid_from = models.DateField()
    minor = models.PositiveBigIntegerField()
    points = models.PositiveBigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["points_type", "valid_from"], name="points_cost_once"),
            models.CheckConstraint(condition=Q(points__gt=0), name="points_cost_per_points"),
        ]

    def __str__(self) -> str:
        return f"{self.points_type_id} from {self.valid_from}: {self.minor}/{self.points}"


class LedgerAccountName(models.Model):
    """The retailer's own name of an account of the journal, such as ``2204 合同负债``."""

    role = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.role}: {self.name}"
