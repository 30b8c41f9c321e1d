"""Bundles: what was fitted, when, and at what cost.  The files lie in the home directory."""

from django.db import models

from shuke.platform.ids import new_id

STATES = [(state, state) for state in ("fitting", "ready", "failed", "removed")]


def new_bundle_id() -> str:
    """A new public id."""
    return new_id("bdl")


class BundleRecord(models.Model):
    """One fitted bundle.  At most one is active: its files are served."""

    public_id = models.CharField(max_length=40, unique=True, default=new_bundle_id, editable=False)
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=STATES, default="fitting")
    is_active = models.BooleanField(default=False)
    built_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    size_bytes = models.BigIntegerField(default=0)
    peak_bytes = models.BigIntegerField(default=0)
    manifest = models.JSONField(default=dict)
    problem = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("is_active",), condition=models.Q(is_active=True), name="one_active_bundle"
            ),
        )

    def __str__(self) -> str:
        return self.public_id
