"""Paid membership.  A term keeps the terms it was sold with; changes are only ever added."""

from django.db import models
from django.db.models import F, Q

from shuke.platform.ids import new_id


def new_term_id() -> str:
    return new_id("pmt")


class Plan(models.Model):
    """A paid membership on sale.  What changes here holds for later sales."""

    code = models.CharField(max_length=40, unique=True)
    names = models.JSONField(default=dict)
    price_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    months = models.PositiveSmallIntegerField()
    tier = models.CharField(max_length=40, blank=True)
    refund_full_days = models.PositiveSmallIntegerField(default=0)
    refund_after = models.CharField(
        max_length=10, default="none", choices=[(a, a) for a in ("pro_rata", "none")]
    )
    is_on_sale = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(months__gte=1, months__lte=120), name="plan_has_months")
        ]

    def __str__(self) -> str:
        return self.code


TERM_STATES = [(state, state) for state in ("active", "cancelled", "over", "refunded")]


class PaidTerm(models.Model):
    """One paid period, both days included.  ``cancelled`` runs to its end and is not to be followed by another."""

    public_id = models.CharField(max_length=24, unique=True, default=new_term_id, editable=False)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="paid_terms")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="paid_terms")
    first_day = models.DateField()
    last_day = models.DateField()
    anchor = models.DateField()
    months = models.PositiveSmallIntegerField()
    price_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    tier = models.CharField(max_length=40, blank=True)
    refund_full_days = models.PositiveSmallIntegerField(default=0)
    refund_after = models.CharField(max_length=10, default="none")
    state = models.CharField(max_length=10, default="active", choices=TERM_STATES)
    # The invitation by which it grants its tier.
    invitation = models.CharField(max_length=24, blank=True)
    bought_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "plan", "first_day"],
                condition=~Q(state="refunded"),
                name="one_paid_term_a_day",
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="paid_term_has_days"),
        ]
        indexes = [
            models.Index(
                fields=["last_day"], condition=Q(state__in=["active", "cancelled"]), name="paid_terms_open"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class PaidChange(models.Model):
    """What was done, once by its key.  ``amount_minor`` is paid (above zero) or paid back (below)."""

    key = models.CharField(max_length=160, unique=True)
    request_hash = models.CharField(max_length=64)
    term = models.ForeignKey(PaidTerm, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(
        max_length=10, choices=[(k, k) for k in ("buy", "renew", "cancel", "refund", "end")]
    )
    amount_minor = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=120, blank=True)
    actor = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
