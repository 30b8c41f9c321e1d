"""What keeps the ledger honest: adjustments that wait for a second person, reminders, and its verifications."""

from django.db import models

from shuke.apps.loyalty.models.ledger import PointsTransaction, PointsType, Wallet
from shuke.platform.ids import new_id


def new_adjustment_id() -> str:
    return new_id("adj")


def new_verification_id() -> str:
    return new_id("lve")


class Adjustment(models.Model):
    """Points that a person gives or takes by hand; above the limit it waits for a second person.

    ``requester_id`` is the person, also where a program of theirs asked; ``note`` is emptied by erasure.
    """

    STATES = [(state, state) for state in ("waiting", "posted", "rejected")]

    public_id = models.CharField(max_length=24, unique=True, default=new_adjustment_id, editable=False)
    key = models.CharField(max_length=160, unique=True)
    request_hash = models.CharField(max_length=64)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="adjustments")
    points_type = models.ForeignKey(PointsType, on_delete=models.PROTECT, related_name="adjustments")
    points = models.BigIntegerField()
    reason = models.CharField(max_length=60)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=STATES)
    requester_id = models.CharField(max_length=120)
    requester_name = models.CharField(max_length=120)
    requested_at = models.DateTimeField()
    decider_id = models.CharField(max_length=120, blank=True)
    decider_name = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    transaction = models.OneToOneField(
        PointsTransaction, null=True, blank=True, on_delete=models.PROTECT, related_name="adjustment"
    )

    class Meta:
        indexes = [
            models.Index(fields=["state", "requested_at"], name="adjustments_by_state"),
            models.Index(fields=["member", "requested_at"], name="adjustments_by_member"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(points=0), name="adjustment_not_zero"),
            models.CheckConstraint(
                condition=~models.Q(decider_id=models.F("requester_id")) | models.Q(decider_id=""),
                name="adjustment_by_two",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class ExpiryReminder(models.Model):
    """One word about points that end: once per wallet, day on which they end, and stage (days before)."""

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="reminders")
    ends_on = models.DateField()
    stage = models.PositiveSmallIntegerField()
    points = models.BigIntegerField()
    reminded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "ends_on", "stage"], name="reminded_once"),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id} {self.ends_on} {self.stage}"


class LedgerHead(models.Model):
    """The end of a wallet's chain when it was last verified: from here the next verification goes on."""

    wallet = models.OneToOneField(Wallet, on_delete=models.CASCADE, related_name="verified_head")
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    verified_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.wallet_id}:{self.seq}"


class Verification(models.Model):
    """One look at the whole ledger.  ``results`` has, by check, how much was found, examples and seconds."""

    public_id = models.CharField(max_length=24, unique=True, default=new_verification_id, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    is_full = models.BooleanField()
    started_by = models.CharField(max_length=120)
    wallets = models.BigIntegerField()
    wallets_looked_at = models.BigIntegerField()
    transactions = models.BigIntegerField()
    findings = models.BigIntegerField()
    results = models.JSONField()
    # SHA-256 over all heads in the order of their wallets: one number that stands for the whole ledger.
    heads_digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="verifications_newest")]

    def __str__(self) -> str:
        return self.public_id
