"""Saved audiences: a name, versions that never change, how large they were, and who uses them."""

from django.db import models

from shuke.platform.ids import new_id


def new_audience_id() -> str:
    return new_id("aud")


class Audience(models.Model):
    """One audience; what it means lies in its versions."""

    public_id = models.CharField(max_length=24, unique=True, default=new_audience_id, editable=False)
    name = models.CharField(max_length=120)
    status = models.CharField(
        max_length=10, default="active", choices=[("active", "active"), ("archived", "archived")]
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(status="active"), name="audience_name_once"
            )
        ]
        indexes = [models.Index(fields=["status", "-updated_at"])]

    def __str__(self) -> str:
        return self.name


class AudienceVersion(models.Model):
    """What an audience meant from one save to the next.  Rows are only ever added."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    conditions = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    author_kind = models.CharField(max_length=10)
    author_id = models.CharField(max_length=40)
    author_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audience", "number"], name="audience_version_once")]

    def __str__(self) -> str:
        return f"{self.audience_id} v{self.number}"


class AudienceEvaluation(models.Model):
    """How large a version was on a day, and on which versions of the lake's tables that was counted."""

    version = models.ForeignKey(AudienceVersion, on_delete=models.CASCADE, related_name="evaluations")
    as_of = models.DateField()
    evaluated_at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    members_total = models.PositiveBigIntegerField()
    lake_versions = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["version", "-evaluated_at"])]

    def __str__(self) -> str:
        return f"{self.version_id} {self.as_of}: {self.size}"


class AudienceUse(models.Model):
    """Something higher up, such as a campaign, that uses an audience."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="uses")
    kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=40)
    label = models.CharField(max_length=160)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audience", "kind", "subject_id"], name="audience_use_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
