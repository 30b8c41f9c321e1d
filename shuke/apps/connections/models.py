"""Where data comes from, and every file that was brought in."""

from django.db import models

from shuke.platform.ids import new_id


def new_account_id() -> str:
    return new_id("acc")


def new_profile_id() -> str:
    return new_id("map")


def new_batch_id() -> str:
    return new_id("imp")


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
