"""Tier programmes: dated rules, and who stood where from when on.  Memberships are only ever added."""

from django.db import models
from django.db.models import F, Q

from shuke.platform.ids import new_id

WHYS = ("qualified", "kept", "granted", "invited", "grace", "downgraded", "merged")


def new_program_id() -> str:
    return new_id("tpr")


def new_version_id() -> str:
    return new_id("tve")


def new_invitation_id() -> str:
    return new_id("tin")


def new_trial_id() -> str:
    return new_id("ttr")


class TierProgram(models.Model):
    """A ladder of tiers with its own rules.  The first one is what a member's tier means elsewhere."""

    public_id = models.CharField(max_length=24, unique=True, default=new_program_id, editable=False)
    name = models.CharField(max_length=60)
    # By language; ``name`` stands where a reader's is missing.
    names = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    placed_through = models.DateField(null=True, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class TierVersion(models.Model):
    """Rules from a day on.  A draft has no number; a published version never changes.

    ``terms`` is a ``rules.tiers.Terms`` as JSON.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_version_id, editable=False)
    program = models.ForeignKey(TierProgram, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    terms = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=120, blank=True)
    tried = models.ForeignKey(
        "TierTrial", on_delete=models.PROTECT, null=True, blank=True, related_name="published"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="tier_version_number_once"),
            models.UniqueConstraint(
                fields=["program"], condition=Q(number=None), name="tier_one_draft_a_program"
            ),
            models.CheckConstraint(
                condition=Q(number=None) | Q(valid_from__isnull=False, published_at__isnull=False),
                name="tier_version_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} v{self.number or '–'}"


class TierTrial(models.Model):
    """What a draft would do, counted on real history: ``cells`` are from, to, members, spend of a year."""

    public_id = models.CharField(max_length=24, unique=True, default=new_trial_id, editable=False)
    version = models.ForeignKey(TierVersion, on_delete=models.CASCADE, related_name="trials")
    terms = models.JSONField()
    today = models.DateField()
    cells = models.JSONField()
    tried_at = models.DateTimeField()
    tried_by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.public_id


class TierTrialMove(models.Model):
    """A member who would stand elsewhere by the draft."""

    trial = models.ForeignKey(TierTrial, on_delete=models.CASCADE, related_name="moves")
    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="+")
    tier_from = models.CharField(max_length=24, blank=True)
    tier_to = models.CharField(max_length=24, blank=True)
    count = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "member"], name="tier_move_once")]
        indexes = [models.Index(fields=["trial", "tier_from", "tier_to"], name="tier_moves_of_cell")]

    def __str__(self) -> str:
        return f"{self.tier_from or '–'} → {self.tier_to or '–'}"


class TierInvitation(models.Model):
    """A tier that somebody gave a member from a day through a day."""

    public_id = models.CharField(max_length=24, unique=True, default=new_invitation_id, editable=False)
    program = models.ForeignKey(TierProgram, on_delete=models.PROTECT, related_name="invitations")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="tier_invitations")
    tier = models.CharField(max_length=24)
    first_date = models.DateField()
    last_date = models.DateField()
    reason = models.CharField(max_length=200)
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    taken_back_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_date__gte=F("first_date")), name="tier_invitation_order")
        ]

    def __str__(self) -> str:
        return self.public_id


class TierMembership(models.Model):
    """A member's tier (empty: none) from a day on; the next row, by ``number``, ends it."""

    program = models.ForeignKey(TierProgram, on_delete=models.PROTECT, related_name="memberships")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="tier_memberships")
    number = models.PositiveIntegerField()
    tier = models.CharField(max_length=24, blank=True)
    from_date = models.DateField()
    through_date = models.DateField(null=True, blank=True)
    why = models.CharField(max_length=10, choices=[(why, why) for why in WHYS])
    version = models.ForeignKey(TierVersion, on_delete=models.PROTECT, related_name="memberships")
    count = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "member", "number"], name="tier_membership_once"),
            models.CheckConstraint(
                condition=Q(through_date=None) | Q(through_date__gte=F("from_date")),
                name="tier_membership_order",
            ),
        ]
        indexes = [models.Index(fields=["program", "from_date"], name="tier_memberships_by_day")]

    def __str__(self) -> str:
        return f"{self.tier or '–'} {self.from_date}"


class TierStanding(models.Model):
    """Where a member stands after ``counted_through``: a cache that ``place_members`` renews.

    ``state`` is a ``rules.tiers.Standing`` as JSON; ``seen_*`` tell whether facts of the past were changed.
    """

    program = models.ForeignKey(TierProgram, on_delete=models.PROTECT, related_name="standings")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="tier_standings")
    tier = models.CharField(max_length=24, blank=True)
    from_date = models.DateField(null=True, blank=True)
    through_date = models.DateField(null=True, blank=True)
    why = models.CharField(max_length=10, blank=True)
    number = models.PositiveIntegerField(default=0)
    counted_through = models.DateField()
    count = models.BigIntegerField(default=0)
    next_tier = models.CharField(max_length=24, blank=True)
    to_reach = models.BigIntegerField(null=True, blank=True)
    keep_count = models.BigIntegerField(null=True, blank=True)
    to_keep = models.BigIntegerField(null=True, blank=True)
    seen_facts = models.IntegerField(default=0)
    seen_sum = models.BigIntegerField(default=0)
    state = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "member"], name="tier_standing_once")]
        indexes = [models.Index(fields=["program", "tier"], name="tier_standings_by_tier")]

    def __str__(self) -> str:
        return self.tier or "–"
