"""The one retailer this installation serves, and its settings."""

from django.db import models


class Retailer(models.Model):
    """A single row.  Business days are days in ``time_zone``."""

    name = models.CharField(max_length=120, default="My shop")
    time_zone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, default="CNY")
    default_language = models.CharField(max_length=10, default="en")
    needs_second_approval = models.BooleanField(default=True)
    control_percent = models.PositiveSmallIntegerField(default=10)
    sender_name = models.CharField(max_length=120, blank=True)
    sender_address = models.CharField(max_length=254, blank=True)
    notice = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="retailer_is_one"),
            models.CheckConstraint(
                condition=models.Q(control_percent__lte=90), name="retailer_control_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name
