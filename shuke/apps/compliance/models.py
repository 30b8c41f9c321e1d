"""Permission: what a member allowed, who must not be contacted, and what has to be forgotten."""

from django.db import models

from shuke.platform.ids import new_id

#: What a decision can say; ``void`` only corrects: there was no such decision.
STATES = [(state, state) for state in ("granted", "withdrawn", "void")]


def new_erasure_id() -> str:
    return new_id("era")


class Brand(models.Model):
    """A brand that asks for consent of its own.  The empty code in decisions means all of them."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class Wording(models.Model):
    """A text that people consented to, word by word.  Never changed; kept once per language."""

    language = models.CharField(max_length=10, blank=True)
    body = models.TextField()
    body_hash = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.body[:40]


class ConsentAsk(models.Model):
    """A consent that the preference centre offers; ``texts`` maps a language to the text shown."""

    brand = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    texts = models.JSONField(default=dict)
    position = models.PositiveSmallIntegerField(default=0)
    is_offered = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "channel", "purpose"], name="one_ask")]

    def __str__(self) -> str:
        return f"{self.brand}/{self.channel}/{self.purpose}"


class DecisionFields(models.Model):
    """What every decision says; see docs/algorithms/consent.md."""

    brand = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=STATES)
    decided_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=80)
    place = models.CharField(max_length=200, blank=True)
    wording = models.ForeignKey(Wording, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    evidence = models.JSONField(default=dict)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.brand}/{self.channel}/{self.purpose} {self.state}"


class ConsentDecision(DecisionFields):
    """One decision of a member.  Rows are only ever added; a correction is a further ``revision`` of an instant."""

    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="consent_decisions")
    revision = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "brand", "channel", "purpose", "decided_at", "revision"],
                name="one_revision_at_a_time",
            )
        ]


class DeviceDecision(DecisionFields):
    """A decision of a device that belongs to no member yet, under its key in the lake."""

    person_key = models.CharField(max_length=24, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_key", "brand", "channel", "purpose", "decided_at"], name="one_device_decision"
            )
        ]


class Consent(models.Model):
    """The newest state per member, brand, channel and purpose; derived from the decisions."""

    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="consents")
    brand = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=STATES)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "brand", "channel", "purpose"], name="one_consent")
        ]

    def __str__(self) -> str:
        return f"{self.brand}/{self.channel}/{self.purpose} {self.state}"


class Suppression(models.Model):
    """A member who gets nothing on a channel whatever they consented to: bounced, complained, legal hold."""

    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="suppressions")
    channel = models.CharField(max_length=20)
    reason = models.CharField(max_length=40)
    source = models.CharField(max_length=80, blank=True)
    suppressed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "channel"], name="one_suppression")]

    def __str__(self) -> str:
        return f"{self.channel} {self.reason}"


class SuppressedAddress(models.Model):
    """An address that gets nothing, whoever it belongs to: a keyed hash only, and what may be shown of it."""

    channel = models.CharField(max_length=20)
    value_hash = models.CharField(max_length=64)
    shown = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=40)
    source = models.CharField(max_length=80, blank=True)
    suppressed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "value_hash"], name="one_suppressed_address")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.shown}"


class ErasureRequest(models.Model):
    """A person who is to be forgotten, and how far that is; see docs/algorithms/erasure.md.

    ``trace_encrypted`` holds what the person was known by while it is needed, and is emptied at the end.
    """

    STEPS = [
        (step, step)
        for step in (
            "waiting",
            "outbox",
            "replay_list",
            "lake",
            "files",
            "database",
            "settling",
            "done",
            "cancelled",
        )
    ]

    public_id = models.CharField(max_length=24, unique=True, default=new_erasure_id, editable=False)
    member_id = models.CharField(max_length=24, db_index=True)
    step = models.CharField(max_length=12, choices=STEPS, default="waiting")
    rounds = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=120)
    trace_encrypted = models.BinaryField(default=b"", blank=True)
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    settle_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member_id"],
                condition=~models.Q(step__in=["done", "cancelled"]),
                name="one_open_erasure",
            )
        ]
        indexes = [models.Index(fields=["step", "requested_at"])]

    def __str__(self) -> str:
        return f"{self.public_id} {self.step}"


class RetentionRule(models.Model):
    """For how many days a place keeps what it holds; no row, or no number, means as it comes."""

    place = models.CharField(max_length=60, unique=True)
    keep_days = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.place} {self.keep_days}"
