"""Permission: what a member allowed, and who must not be contacted."""

from django.db import models

STATES = [("granted", "granted"), ("withdrawn", "withdrawn")]


class ConsentDecision(models.Model):
    """One decision with its evidence.  Rows are only ever added."""

    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="consent_decisions")
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=STATES)
    decided_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=80)
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "channel", "purpose", "decided_at"], name="one_decision_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.purpose} {self.state}"


class Consent(models.Model):
    """The newest decision per member, channel and purpose."""

    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=STATES)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "channel", "purpose"], name="one_consent")]

    def __str__(self) -> str:
        return f"{self.channel}/{self.purpose} {self.state}"


class Suppression(models.Model):
    """A member who gets nothing on a channel whatever they consented to: bounced, complained, legal hold."""

    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="suppressions")
    channel = models.CharField(max_length=20)
    reason = models.CharField(max_length=40)
    suppressed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "channel"], name="one_suppression")]

    def __str__(self) -> str:
        return f"{self.channel} {self.reason}"
