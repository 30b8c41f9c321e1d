"""Messages and the settings of the channels."""

from django.db import models

from shuke.platform.ids import new_id

STATES = ("queued", "sending", "sent", "delivered", "bounced", "suppressed", "failed", "uncertain")


def new_message_id() -> str:
    return new_id("msg")


class Message(models.Model):
    """One message to one member.  The content is compressed and encrypted: it greets people by name."""

    public_id = models.CharField(max_length=24, unique=True, default=new_message_id, editable=False)
    campaign_id = models.CharField(max_length=24, blank=True)
    run_id = models.CharField(max_length=40)
    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="messages")
    person_key = models.CharField(max_length=24)
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20, default="marketing")
    variant = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_test = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="queued", choices=[(state, state) for state in STATES])
    reason = models.CharField(max_length=200, blank=True)
    content_encrypted = models.BinaryField(default=b"")
    worker = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    clicked_at = models.DateTimeField(null=True, blank=True)
    engagements = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "member"], name="one_message_per_run")]
        indexes = [
            models.Index(fields=["run_id", "state", "id"]),
            models.Index(fields=["campaign_id", "-id"]),
            models.Index(fields=["worker"], name="message_being_sent", condition=models.Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class EmailSettings(models.Model):
    """The mail server of the installation, a single row; the sender stands in the retailer's settings."""

    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(
        max_length=10, default="starttls", choices=[(kind, kind) for kind in ("none", "starttls", "tls")]
    )
    username = models.CharField(max_length=200, blank=True)
    password_encrypted = models.BinaryField(default=b"", blank=True)
    messages_per_second = models.FloatField(default=10)
    is_tracking = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="email_settings_are_one")]

    def __str__(self) -> str:
        return self.host
