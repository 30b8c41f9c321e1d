"""Identifiers: by which keys the channels know a member."""

from django.db import models


class Identifier(models.Model):
    """One key of one member.  ``person_key`` is random and is all that facts in the lake carry.

    ``value_hash`` is a keyed hash for equality, ``value_encrypted`` the value for those who may read
    it.  ``scope`` says where the value is unique: a channel account, or ``global`` for phone and email.
    """

    person_key = models.CharField(max_length=24, unique=True)
    scope = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    value_hash = models.CharField(max_length=64)
    value_encrypted = models.BinaryField()
    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="identifiers")
    source = models.CharField(max_length=80)
    # Keyed hash of what the last member list said of this row, so that the same list again says nothing.
    description_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "kind", "value_hash"], name="identifier_once")
        ]
        indexes = [models.Index(fields=["member", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.person_key}"
