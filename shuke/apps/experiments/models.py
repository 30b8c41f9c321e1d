"""Experiments: what decides who gets what."""

from django.db import models

from shuke.platform.ids import new_id

STATES = [("draft", "draft"), ("running", "running"), ("ended", "ended")]


def new_experiment_id() -> str:
    """A new public id."""
    return new_id("exp")


class Experiment(models.Model):
    """One experiment.  ``arms`` is a list of ``{"name", "weight"}``, fixed once it runs."""

    public_id = models.CharField(max_length=40, unique=True, default=new_experiment_id)
    name = models.CharField(max_length=120)
    salt = models.CharField(max_length=80)
    arms = models.JSONField()
    state = models.CharField(max_length=10, choices=STATES, default="draft")
    is_randomised = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
