"""Where data comes from, and every file that was brought in."""

from django.db import models

from shuke.platform.ids import new_id


def new_account_id() -> str:
    return new_id("acc")


def new_profile_id() -> str:
    return new_id("map")


def new_batch_id() -> str:
    return new_id("imp")


def new_connection_id() -> str:
    return new_id("con")


def new_webhook_id() -> str:
    return new_id("whk")


def new_sync_id() -> str:
    return new_id("syn")


def new_part_id() -> str:
    return new_id("syp")


class ChannelAccount(models.Model):
    """One shop, till system or platform account: the scope in which its customer and order numbers are unique."""

    public_id = models.CharField(max_length=24, unique=True, default=new_account_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    sales_channel = models.CharField(max_length=40)
    time_zone = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    region = models.CharField(max_length=2, default="CN")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class MappingProfile(models.Model):
    """How files of one kind from one source are read; see ``shuke.sources.files.profiles.Profile``."""

    public_id = models.CharField(max_length=24, unique=True, default=new_profile_id, editable=False)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="mapping_profile_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


class ImportBatch(models.Model):
    """One file on its way into the lake.

    ``settings`` is the mapping it is read with, ``report`` what the last check or run found.
    ``stored_name`` is the file below ``SHUKE_HOME/uploads``, empty once it was deleted.
    """

    STATES = [(state, state) for state in ("uploaded", "checked", "running", "done", "failed")]

    public_id = models.CharField(max_length=24, unique=True, default=new_batch_id, editable=False)
    account = models.ForeignKey(ChannelAccount, on_delete=models.PROTECT, related_name="batches")
    kind = models.CharField(max_length=40)
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64, db_index=True)
    file_bytes = models.BigIntegerField()
    stored_name = models.CharField(max_length=80, blank=True)
    settings = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STATES, default="uploaded")
    report = models.JSONField(default=dict)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    progress_done = models.IntegerField(default=0)
    progress_total = models.IntegerField(default=0)
    progress_label = models.CharField(max_length=120, blank=True)
    actor_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at"])]

    def __str__(self) -> str:
        return self.public_id


class Connection(models.Model):
    """A channel account that is kept in step with its system by a connector.

    ``settings`` are those of the connector, without secrets; ``secrets`` is their JSON, encrypted.
    ``webhook_id`` is the unguessable part of the address the system calls.  ``pace`` overrides the
    frame's defaults (``shuke.apps.connections.schemas.Pace``).
    """

    STATES = [(state, state) for state in ("active", "paused")]

    public_id = models.CharField(max_length=24, unique=True, default=new_connection_id, editable=False)
    account = models.OneToOneField(ChannelAccount, on_delete=models.PROTECT, related_name="connection")
    system = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField()
    webhook_id = models.CharField(max_length=24, unique=True, default=new_webhook_id, editable=False)
    pace = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STATES, default="active")
    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True)
    forged_webhooks = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.public_id


class SyncCursor(models.Model):
    """How far a stream of a connection has landed.  ``cursor`` is the connector's, without personal data."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    stream = models.CharField(max_length=40)
    cursor = models.JSONField(default=dict)
    rescanned_at = models.DateTimeField(null=True, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "stream"], name="sync_cursor_once")]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.stream}"


class SyncedDigest(models.Model):
    """The content with which a record last landed; both columns are keyed hashes.  Never of members."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="digests")
    stream = models.CharField(max_length=40)
    record = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "stream", "record"], name="synced_digest_once")
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.stream}"


class SyncRun(models.Model):
    """One run of a connection: its scheduled or asked-for pull, or what webhooks named."""

    TRIGGERS = [(trigger, trigger) for trigger in ("schedule", "person", "webhook")]
    STATES = [(state, state) for state in ("queued", "running", "waiting", "done", "failed")]

    public_id = models.CharField(max_length=24, unique=True, default=new_sync_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=10, choices=TRIGGERS)
    is_full = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=STATES, default="queued")
    actor_name = models.CharField(max_length=120)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    error_facts = models.JSONField(default=dict)
    progress_label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["connection", "-created_at"])]

    def __str__(self) -> str:
        return self.public_id


class SyncPart(models.Model):
    """What a run did with one stream; ``part`` is ``pull``, ``recent``, ``listed`` or ``webhooks``.

    ``public_id`` is the batch under which its rows and its quarantined rows lie in the lake.
    ``rows`` counts rows pulled so far, which numbers those of the next batch.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_part_id, editable=False)
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="parts")
    stream = models.CharField(max_length=40)
    part = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default="running")
    rows = models.BigIntegerField(default=0)
    new = models.BigIntegerField(default=0)
    corrected = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    closed = models.BigIntegerField(default=0)
    reasons = models.JSONField(default=list)
    note = models.CharField(max_length=40, blank=True)
    cursor_before = models.JSONField(default=dict)
    cursor_after = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "stream", "part"], name="sync_part_once")]

    def __str__(self) -> str:
        return self.public_id


class WebhookDelivery(models.Model):
    """A genuine message of a system that was seen.  ``record`` is the id it names, encrypted until it was pulled."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="deliveries")
    delivery = models.CharField(max_length=64)
    body_hash = models.CharField(max_length=64)
    stream = models.CharField(max_length=40)
    record = models.BinaryField(default=bytes)
    received_at = models.DateTimeField(db_index=True)
    pulled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "delivery", "body_hash"], name="webhook_delivery_once"
            )
        ]
        indexes = [models.Index(fields=["connection", "pulled_at"])]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.stream}"
