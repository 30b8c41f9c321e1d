"""Identifiers as nodes, links between them as edges, and the merges that were made on their evidence."""

from django.db import models

from shuke.platform.ids import new_id

FORMS = [(form, form) for form in ("plain", "hash", "cipher")]


def new_merge_id() -> str:
    return new_id("mrg")


def new_suggestion_id() -> str:
    return new_id("sug")


def new_match_id() -> str:
    return new_id("mtc")


class Identifier(models.Model):
    """One key of one member.  ``person_key`` is random and is all that facts in the lake carry.

    ``value_hash`` is a keyed hash for equality, ``value_encrypted`` the value for those who may read
    it.  ``scope`` says where the value is unique: a channel account, or ``global`` for phone and email.
    A device nobody has named yet has no ``member``; its facts wait under its key.  ``origin`` is the
    member an identifier was first given to: merging moves ``member`` and leaves ``origin``, so that
    one can still count how many people a value was claimed for.
    """

    person_key = models.CharField(max_length=24, unique=True)
    scope = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    form = models.CharField(max_length=8, choices=FORMS, default="plain")
    value_hash = models.CharField(max_length=64)
    value_encrypted = models.BinaryField()
    member = models.ForeignKey(
        "members.Member", null=True, blank=True, on_delete=models.CASCADE, related_name="identifiers"
    )
    origin = models.ForeignKey(
        "members.Member", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    source = models.CharField(max_length=80)
    # Keyed hash of what the last member list said of this row, so that the same list again says nothing.
    description_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    # Since when it belongs to its member; the lake's identity map has the same moment.
    owned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "kind", "value_hash"], name="identifier_once")
        ]
        indexes = [
            models.Index(fields=["member", "kind"]),
            models.Index(fields=["value_hash"], name="identifier_value"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.person_key}"


class Link(models.Model):
    """Somebody said that two identifiers are of one person: who, when, how sure (in thousandths).

    ``basis``: row (they stood in one row or event), alias, person (said by hand).  Rows are only added.
    """

    left = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="links_right")
    right = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="links_left")
    basis = models.CharField(max_length=12)
    source = models.CharField(max_length=80)
    said_at = models.DateTimeField()
    confidence = models.PositiveSmallIntegerField(default=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["left", "right", "basis", "source"], name="link_said_once"),
            models.CheckConstraint(
                condition=models.Q(left_id__lt=models.F("right_id")), name="link_has_one_direction"
            ),
            models.CheckConstraint(condition=models.Q(confidence__lte=1000), name="link_confidence"),
        ]

    def __str__(self) -> str:
        return f"{self.left_id}-{self.right_id} {self.basis}"


class ErasedIdentifier(models.Model):
    """The keyed hash of an identifier of a person who asked to be forgotten.

    Its purpose is another than that of ``Identifier.value_hash``, so neither can be found from the other.
    It keeps a later import or sync from bringing the person back.
    """

    erased_hash = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.erased_hash[:8]


class Merge(models.Model):
    """Two members became one.  Holds what it takes to make exactly two of them again.

    ``moved`` lists the keys of the identifiers that changed hands, ``filled`` the fields that the
    survivor's profile took over, ``kept`` what each follower needs to put its own rows back.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_merge_id, editable=False)
    survivor = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="+")
    absorbed = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="+")
    basis = models.CharField(max_length=12)
    confidence = models.PositiveSmallIntegerField(default=1000)
    evidence = models.JSONField(default=dict)
    moved = models.JSONField(default=list)
    filled = models.JSONField(default=list)
    kept = models.JSONField(default=dict)
    actor_name = models.CharField(max_length=120)
    merged_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=models.Q(undone_at=None), name="member_absorbed_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(survivor_id=models.F("absorbed_id")), name="merge_of_two_members"
            ),
        ]
        indexes = [models.Index(fields=["survivor", "-merged_at"])]

    def __str__(self) -> str:
        return self.public_id


class MatchPolicy(models.Model):
    """What the rules may do; a single row.

    ``kinds`` maps a kind to {"links": bool, "limit": members that may share a value}, for those that
    differ from the built-in rules.  Thresholds are probabilities in thousandths.
    """

    kinds = models.JSONField(default=dict)
    review_from = models.PositiveSmallIntegerField(default=800)
    link_from = models.PositiveSmallIntegerField(default=990)
    is_nightly = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="match_policy_is_one")]

    def __str__(self) -> str:
        return f"{self.review_from}/{self.link_from}"


class MatchRun(models.Model):
    """One search for members that are one person.  It proposes; nothing changes before it is applied."""

    public_id = models.CharField(max_length=24, unique=True, default=new_match_id, editable=False)
    method = models.CharField(max_length=8)
    state = models.CharField(max_length=10, default="queued")
    policy = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    fault = models.CharField(max_length=300, blank=True)
    actor_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_id


class Suggestion(models.Model):
    """Two members that may be one person, and what became of the thought.

    State: proposed (of a run that was not applied), open (waits for a person), merged, rejected.  A pair
    that was rejected, or unmerged, is never proposed again.  ``evidence`` holds no personal values.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_suggestion_id, editable=False)
    run = models.ForeignKey(
        MatchRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="suggestions"
    )
    left = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, default="proposed")
    is_sure = models.BooleanField(default=False)
    basis = models.CharField(max_length=12)
    confidence = models.PositiveSmallIntegerField()
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["left", "right"], name="suggestion_of_a_pair_once"),
            models.CheckConstraint(
                condition=models.Q(left_id__lt=models.F("right_id")), name="suggestion_has_one_direction"
            ),
        ]
        indexes = [models.Index(fields=["state", "-confidence"])]

    def __str__(self) -> str:
        return self.public_id
