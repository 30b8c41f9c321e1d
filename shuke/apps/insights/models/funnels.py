"""Funnels that were saved, each with its newest count."""

from django.db import models


class Funnel(models.Model):
    """A funnel over events.  ``definition`` is a ``schemas.FunnelBody``, ``result`` a ``schemas.FunnelResult`` as data.

    ``version`` rises with every change of the definition: who saves names the version that was looked at.
    """

    name = models.CharField(max_length=80)
    definition = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.name
