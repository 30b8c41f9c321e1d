"""Studies: what was found about all members, day by day."""

from django.db import models


class Study(models.Model):
    """The newest answer of a kind as of a day.  Older days stay: they are the history."""

    kind = models.CharField(max_length=40)
    as_of = models.DateField()
    built_at = models.DateTimeField()
    seconds = models.FloatField()
    result = models.JSONField(default=dict)
    readings = models.JSONField(default=list)
    refusal = models.JSONField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "as_of"), name="one_study_per_kind_and_day"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.as_of}"
