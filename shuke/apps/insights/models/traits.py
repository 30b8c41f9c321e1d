"""Builds of traits: when, of which day, with which borders."""

from django.db import models


class TraitsBuild(models.Model):
    """The newest build of a day.

    ``thresholds`` holds the border of every RFM score; ``scheme`` borders and rules that explain the scores later.
    """

    as_of = models.DateField(unique=True)
    built_at = models.DateTimeField()
    members = models.PositiveIntegerField()
    seconds = models.FloatField()
    window_days = models.PositiveSmallIntegerField()
    thresholds = models.JSONField()
    scheme = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.as_of} ({self.members})"
