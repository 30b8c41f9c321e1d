"""Campaigns: the plan, its messages, and the run that carried it out."""

from django.db import models

from shuke.platform.ids import new_id

STATES = ("draft", "in_review", "approved", "scheduled", "running", "done", "stopped")
GOALS = ("repurchase", "win_back", "welcome", "cross_sell", "inform")


def new_campaign_id() -> str:
    return new_id("cmp")


def new_run_id() -> str:
    return new_id("run")


class Campaign(models.Model):
    """One campaign.  What may be edited is what approval covers; ``approved_fingerprint`` is of exactly that."""

    public_id = models.CharField(max_length=24, unique=True, default=new_campaign_id, editable=False)
    code = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=120)
    goal = models.CharField(max_length=20, choices=[(goal, goal) for goal in GOALS], default="repurchase")
    notes = models.TextField(blank=True)
    source = models.CharField(max_length=80, default="console")
    audience_id = models.CharField(max_length=24, blank=True)
    audience_name = models.CharField(max_length=120, blank=True)
    audience_version = models.PositiveIntegerField(null=True, blank=True)
    channel = models.CharField(max_length=20, default="email")
    starts_on = models.DateField()
    ends_on = models.DateField()
    budget_minor = models.BigIntegerField(default=0)
    cost_per_thousand_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    control_percent = models.PositiveSmallIntegerField(default=10)
    is_lasting_control = models.BooleanField(default=True)
    wished_lift_percent = models.PositiveSmallIntegerField(default=10)
    state = models.CharField(max_length=12, default="draft", choices=[(state, state) for state in STATES])
    author_id = models.CharField(max_length=40)
    author_name = models.CharField(max_length=120)
    editor_id = models.CharField(max_length=40)
    approver_id = models.CharField(max_length=40, blank=True)
    approver_name = models.CharField(max_length=120, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_fingerprint = models.CharField(max_length=64, blank=True)
    review_note = models.CharField(max_length=500, blank=True)
    scheduled_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    experiment_id = models.CharField(max_length=40, blank=True)
    is_randomised = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="campaign_dates_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(control_percent__lte=90), name="campaign_control_percent"
            ),
            models.CheckConstraint(
                condition=models.Q(budget_minor__gte=0, cost_per_thousand_minor__gte=0),
                name="campaign_money_not_negative",
            ),
            models.UniqueConstraint(
                fields=["source", "code"], condition=~models.Q(code=""), name="campaign_code_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"])]

    def __str__(self) -> str:
        return self.name


class CampaignContent(models.Model):
    """The templates of one version (``variant``) in one channel and language."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="contents")
    channel = models.CharField(max_length=20)
    variant = models.CharField(max_length=20, default="a")
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "channel", "variant", "language"], name="one_content_per_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.variant} {self.language}"


class CampaignRun(models.Model):
    """The carrying out: members pinned at the start, ``queued_upto`` of them queued (docs/algorithms/sending.md)."""

    public_id = models.CharField(max_length=24, unique=True, default=new_run_id, editable=False)
    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="run")
    audience_version = models.PositiveIntegerField(null=True, blank=True)
    as_of = models.DateField()
    size = models.PositiveIntegerField()
    treated = models.PositiveIntegerField()
    queued_upto = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_id


class RunMember(models.Model):
    """One member of a run at its position, with the arm chance gave."""

    run = models.ForeignKey(CampaignRun, on_delete=models.CASCADE, related_name="members")
    position = models.PositiveIntegerField()
    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="+")
    arm = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="run_position_once"),
            models.UniqueConstraint(fields=["run", "member"], name="run_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.arm}"
