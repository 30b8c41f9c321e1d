"""Who changed or saw what, and when.  Rows are only ever added."""

from django.db import models


class AuditEntry(models.Model):
    """One act.  ``changes`` maps a field to [before, after] and never holds personal values."""

    at = models.DateTimeField(db_index=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=40, db_index=True)
    actor_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    changes = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id", "at"])]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_id}"
