"""Bundles: what was fitted, when, and at what cost.  The files lie in the home directory."""

from django.db import models

from shuke.platform.ids import new_id

STATES = [(state, state) for state in ("fitting", "ready", "failed", "removed")]


def new_bundle_id() -> str:
    """A new public id."""
    return new_id("bdl")


class BundleRecord(models.Model):
    """One fitted bundle.  Which one is served says the pointer beside the files, not a row."""

    public_id = models.CharField(max_length=40, unique=True, default=new_bundle_id, editable=False)
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=STATES, default="fitting")
    built_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    size_bytes = models.BigIntegerField(default=0)
    peak_bytes = models.BigIntegerField(default=0)
    manifest = models.JSONField(default=dict)
    problem = models.CharField(max_length=400, blank=True, default="")

    def __str__(self) -> str:
        return self.public_id


class BundleSetup(models.Model):
    """A single row: what the retailer wants of every bundle, as ``schemas.BundleSettings`` checks it."""

    settings = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="bundle_setup_is_one"),)

    def __str__(self) -> str:
        return "bundle setup"
