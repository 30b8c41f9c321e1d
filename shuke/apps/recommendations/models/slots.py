"""Slots: where recommendations stand, and by which rules."""

from django.db import models

from shuke.platform.ids import new_id

STATES = [(state, state) for state in ("draft", "live", "paused")]


def new_slot_id() -> str:
    """A new public id."""
    return new_id("slt")


class Slot(models.Model):
    """One slot, as ``schemas.SlotInput`` checks it; ``version`` counts its changes."""

    public_id = models.CharField(max_length=40, unique=True, default=new_slot_id, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    about = models.CharField(max_length=10, default="member")
    places = models.PositiveSmallIntegerField(default=10)
    arms = models.JSONField(default=list)
    bandit = models.JSONField(default=list)
    fallbacks = models.JSONField(default=list)
    rules = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STATES, default="draft")
    version = models.PositiveIntegerField(default=1)
    experiment_id = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code
