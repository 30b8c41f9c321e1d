"""What looks wrong, what people decided about it, and how sources behave over time."""

from django.db import models

from shuke.platform.ids import new_id


def new_issue_id() -> str:
    return new_id("qis")


def new_correction_id() -> str:
    return new_id("qco")


class Issue(models.Model):
    """One thing that looks wrong; found again by ``fingerprint`` (rule, subject, place).

    ``facts`` never names a person; ``digest`` is that of the facts, a decision holds as long as it stays.
    ``member_id`` is the public id of the member it is about, if it is about one.
    """

    STATES = [(state, state) for state in ("open", "accepted", "ignored", "corrected", "mended")]

    public_id = models.CharField(max_length=24, unique=True, default=new_issue_id, editable=False)
    rule = models.CharField(max_length=40)
    account_id = models.CharField(max_length=24, blank=True)
    member_id = models.CharField(max_length=24, blank=True, db_index=True)
    subject = models.CharField(max_length=300)
    place = models.CharField(max_length=120, blank=True)
    fingerprint = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    weight = models.BigIntegerField(default=1)
    state = models.CharField(max_length=10, choices=STATES, default="open")
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-weight"]),
            models.Index(fields=["rule", "state"]),
        ]

    def __str__(self) -> str:
        return self.public_id


class Correction(models.Model):
    """One value of one row that a person set: what it was, what it is, who, when, and whether it still holds.

    ``key`` names the row; values are JSON, encrypted, because a member's name may be among them.
    ``applying`` and ``reverting`` are states of a write that may have been killed; it is done again.
    """

    STATES = [(state, state) for state in ("applying", "applied", "reverting", "reverted", "superseded")]

    public_id = models.CharField(max_length=24, unique=True, default=new_correction_id, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="corrections")
    member_id = models.CharField(max_length=24, blank=True, db_index=True)
    table = models.CharField(max_length=40)
    key = models.JSONField()
    column = models.CharField(max_length=40)
    before_encrypted = models.BinaryField()
    after_encrypted = models.BinaryField()
    state = models.CharField(max_length=10, choices=STATES, default="applying")
    actor_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    reverted_by = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "table"])]

    def __str__(self) -> str:
        return self.public_id


class SourceScore(models.Model):
    """How an account behaved in the 90 days before a business day."""

    account_id = models.CharField(max_length=24)
    day = models.DateField()
    total = models.FloatField()
    parts = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "day"], name="source_score_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"
