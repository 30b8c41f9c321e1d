"""Who may send events, what they are expected to send, and what came.

The events themselves lie in the lake and never here: a row of these tables costs a transaction.
"""

from django.db import models

from shuke.platform.ids import new_id

KINDS = [(kind, kind) for kind in ("server", "web", "mobile")]
ROLES = [(role, role) for role in ("server", "web", "trusted_web")]


def new_source_id() -> str:
    return new_id("src")


def new_write_key_id() -> str:
    return new_id("wky")


def new_expected_event_id() -> str:
    return new_id("exp")


class Source(models.Model):
    """One site, app or server that sends events.  Its customers' numbers are those of ``account``.

    ``events_per_second`` is what all its keys together may send, empty for no limit.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_source_id, editable=False)
    account = models.ForeignKey(
        "connections.ChannelAccount", to_field="public_id", on_delete=models.PROTECT, related_name="sources"
    )
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=KINDS)
    is_active = models.BooleanField(default=True)
    events_per_second = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class WriteKey(models.Model):
    """A key that lets its holder send for a source.  Only its hash is kept.

    ``role``: ``server`` keys are secret and believed; ``web`` keys stand in pages that everybody can read,
    so what they say of a person is not believed; ``trusted_web`` keys are believed nevertheless.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_write_key_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="write_keys")
    role = models.CharField(max_length=12, choices=ROLES)
    key_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=8)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"


class ExpectedEvent(models.Model):
    """One event of a source's tracking plan.

    ``properties`` maps a name to ``{"type": text number integer boolean time list object, "is_required": bool}``.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_expected_event_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="expected_events")
    name = models.CharField(max_length=120)
    note = models.CharField(max_length=500, blank=True)
    properties = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="expected_event_once")]

    def __str__(self) -> str:
        return self.name


class SourceDay(models.Model):
    """How many events of a source came on a business day of their arrival, and what became of them."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    accepted = models.PositiveBigIntegerField(default=0)
    duplicates = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="source_day_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.day}"


class PlanViolation(models.Model):
    """How often events of a source broke its plan on a business day, by what is wrong.

    ``code``: ``unexpected_event``, ``missing_property``, ``wrong_type`` or ``unexpected_property``.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="violations")
    day = models.DateField()
    event = models.CharField(max_length=120)
    property = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=24)
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "day", "event", "property", "code"], name="plan_violation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.event} {self.property}"


class SpoolPosition(models.Model):
    """Up to where the events of a spool were counted.  Where loading stands is said by the lake alone."""

    spool_id = models.CharField(max_length=40, unique=True)
    counted = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.spool_id} {self.counted}"
