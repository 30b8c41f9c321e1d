"""The rules by which points are earned, and what each order and event has earned by them."""

from django.db import models
from django.db.models import Q


class EarningVersion(models.Model):
    """All earning rules at one time (``schemas.EarningRules`` as JSON).  Once published it never changes."""

    number = models.IntegerField(unique=True)
    state = models.CharField(max_length=10, choices=[(s, s) for s in ("draft", "published")], default="draft")
    starts_at = models.DateTimeField(null=True, blank=True)
    body = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="draft"), name="earning_draft_once"),
            models.UniqueConstraint(fields=["starts_at"], name="earning_start_once"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(starts_at__isnull=False), name="earning_published_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"


class OrderEarning(models.Model):
    """What one order has earned, line by line, and how much of it is left after returns.

    ``body`` is a ``rules.order_earnings.OrderRecord``.  ``teller`` is who told of the purchase first: the
    checkout, or the lake.  ``basis`` is a check sum of what the lake said of the order's lines.
    """

    order_id = models.CharField(max_length=160, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    teller = models.CharField(max_length=8, choices=[(t, t) for t in ("checkout", "lake")])
    placed_at = models.DateTimeField()
    local_date = models.DateField()
    basis = models.BigIntegerField(default=0)
    body = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["local_date"]), models.Index(fields=["member", "placed_at"])]

    def __str__(self) -> str:
        return self.order_id


class EventEarning(models.Model):
    """What one event has earned: rule → points."""

    key = models.CharField(max_length=160, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+", db_index=False)
    event = models.CharField(max_length=100)
    version = models.IntegerField()
    occurred_at = models.DateTimeField()
    local_date = models.DateField()
    points = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["local_date"]), models.Index(fields=["member", "event"])]

    def __str__(self) -> str:
        return self.key


class EarningCount(models.Model):
    """How much of a limit a member has used: points by ``type:<code>`` and ``rule:<code>``, times of ``event:<code>``.

    ``period`` is a local day, a month or empty for ever.  Written under the lock of the wallet only.
    """

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+", db_index=False)
    scope = models.CharField(max_length=60)
    period = models.CharField(max_length=10, blank=True)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "scope", "period"], name="earning_count_once"),
            models.CheckConstraint(condition=Q(used__gte=0), name="earning_count_sign"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.period} {self.used}"


class EarningPosition(models.Model):
    """How far a reader of the lake has come."""

    name = models.CharField(max_length=40, unique=True)
    read_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.read_until}"
