"""Benefits: their terms, and who used what.  Published terms and moves are only ever added."""

from django.db import models
from django.db.models import F, Q

from shuke.platform.ids import new_id


def new_terms_id() -> str:
    return new_id("btm")


def new_hold_id() -> str:
    return new_id("bhd")


class BenefitTerms(models.Model):
    """One version: the table of benefits × columns, as ``rules.benefits.terms_from_json`` reads it."""

    public_id = models.CharField(max_length=24, unique=True, default=new_terms_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=10, default="draft", choices=[(s, s) for s in ("draft", "published")])
    starts_on = models.DateField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    benefits = models.JSONField(default=list)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="draft"), name="one_benefit_draft"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(starts_on__isnull=False), name="published_terms_begin"
            ),
        ]
        indexes = [models.Index(fields=["starts_on"])]

    def __str__(self) -> str:
        return f"benefits {self.number}"


class BenefitCounter(models.Model):
    """Uses of a benefit by a member in one period.  The limit is asked for at each use, and not kept here."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="benefit_counters")
    benefit = models.CharField(max_length=40)
    period_start = models.DateField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "benefit", "period_start"], name="one_benefit_counter"),
            models.CheckConstraint(condition=Q(used__gte=0), name="benefit_uses_above_zero"),
        ]
        indexes = [models.Index(fields=["benefit", "period_start"])]

    def __str__(self) -> str:
        return f"{self.benefit} {self.period_start}"


HOLD_STATES = [(state, state) for state in ("held", "used", "released", "expired")]


class BenefitHold(models.Model):
    """Uses asked for together under one key, which never expires."""

    public_id = models.CharField(max_length=24, unique=True, default=new_hold_id, editable=False)
    key = models.CharField(max_length=160, unique=True)
    request_hash = models.CharField(max_length=64)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="benefit_holds")
    state = models.CharField(max_length=10, default="held", choices=HOLD_STATES)
    until = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=120, blank=True)
    # Words of a person; erasure empties them.
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["until"], condition=Q(state="held"), name="benefit_holds_open")]

    def __str__(self) -> str:
        return self.public_id


class BenefitUse(models.Model):
    """One benefit of a hold.  ``counter`` is empty where there is no limit; ``source`` is the column that gave it."""

    hold = models.ForeignKey(BenefitHold, on_delete=models.PROTECT, related_name="uses")
    benefit = models.CharField(max_length=40)
    source = models.CharField(max_length=60)
    counter = models.ForeignKey(
        BenefitCounter, null=True, blank=True, on_delete=models.PROTECT, related_name="uses"
    )
    quantity = models.PositiveIntegerField()
    returned = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold", "benefit"], name="benefit_once_per_hold"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="benefit_use_above_zero"),
            models.CheckConstraint(condition=Q(returned__lte=F("quantity")), name="benefit_returns_fit"),
        ]

    def __str__(self) -> str:
        return f"{self.benefit} ×{self.quantity}"


class BenefitMove(models.Model):
    """What happened to a use, in order; counters are the sum of these."""

    use = models.ForeignKey(BenefitUse, on_delete=models.PROTECT, related_name="moves")
    kind = models.CharField(
        max_length=10, choices=[(k, k) for k in ("reserve", "commit", "release", "expire", "return")]
    )
    quantity = models.PositiveIntegerField()
    key = models.CharField(max_length=160)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["use", "kind", "key"], name="benefit_move_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"


class BenefitCostMonth(models.Model):
    """What benefits cost in a month of the retailer, by tier: ``rules.benefit_costs`` as JSON, worked out by night."""

    month = models.DateField(unique=True)
    body = models.JSONField()
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class OwnPage(models.Model):
    """The generation of a member's links: raising it refuses all that were handed out before."""

    member = models.OneToOneField("members.Member", on_delete=models.PROTECT, related_name="own_page")
    generation = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.member_id)
