"""Members: the people, without the identifiers by which channels know them."""

from django.db import models

from shuke.platform.ids import new_id


def new_member_id() -> str:
    return new_id("mem")


class Member(models.Model):
    """One person.  What names the person is encrypted; what describes them lies in the lake.

    A row that turned out to be the same person as another is ``merged``: it keeps its own profile, so
    that the merge can be undone exactly, and ``merged_into`` says who speaks for it meanwhile.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_member_id, editable=False)
    status = models.CharField(
        max_length=10,
        default="active",
        choices=[("active", "active"), ("merged", "merged"), ("erased", "erased")],
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="absorbed"
    )
    joined_on = models.DateField(null=True, blank=True)
    name_encrypted = models.BinaryField(default=b"", blank=True)
    birthday_encrypted = models.BinaryField(default=b"", blank=True)
    language = models.CharField(max_length=10, blank=True)
    source = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "-id"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=False) | ~models.Q(status="merged"),
                name="member_merged_into_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class NameToken(models.Model):
    """A keyed hash of a word of a member's name: finds people by name without storing names in the clear."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="name_tokens")
    token_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_hash", "member"], name="name_token_once")]

    def __str__(self) -> str:
        return self.token_hash[:8]
