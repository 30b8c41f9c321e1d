"""The points ledger.  Rows of transactions, entries, lots and moves are only ever added."""

from django.db import models
from django.db.models import F, Q

from shuke.apps.loyalty.rules.chain import GENESIS, VERSION
from shuke.platform.ids import new_id

KINDS = [
    (kind, kind)
    for kind in (
        "earn",
        "activate",
        "expire",
        "hold",
        "commit",
        "release",
        "give_back",
        "claw_back",
        "adjust",
        "transfer_out",
        "transfer_in",
        "reverse",
        "merge_out",
        "merge_in",
        "unmerge_out",
        "unmerge_in",
    )
]


def new_transaction_id() -> str:
    return new_id("ptx")


class PointsType(models.Model):
    """One currency of the programme, such as points to spend or growth value.

    ``expiry`` is a ``rules.expiry.Expiry`` as JSON.  ``return_policy`` says what becomes of points that a
    return would take back and that are gone.  More than ``adjustment_limit`` points by hand need a second
    person; empty for no limit.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    # By language; ``name`` stands where a reader's is missing.
    names = models.JSONField(default=dict)
    is_spendable = models.BooleanField(default=True)
    expiry = models.JSONField(default=dict)
    activation_days = models.PositiveIntegerField(default=0)
    return_policy = models.CharField(
        max_length=10, default="debt", choices=[(p, p) for p in ("debt", "clamp", "refuse")]
    )
    adjustment_limit = models.PositiveBigIntegerField(null=True, blank=True, default=1000)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class Wallet(models.Model):
    """A member's points of one type.  The balances are a cache of the entries; the row is the lock."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="wallets")
    points_type = models.ForeignKey(PointsType, on_delete=models.PROTECT, related_name="wallets")
    pending = models.BigIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    newest_lot = models.IntegerField(default=0)
    head_hash = models.CharField(max_length=64, default=GENESIS)
    # What time makes next of the lots; empty if nothing.  It tells the nightly job whom to settle.
    due_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    # When the member was last active, where points end with inactivity; empty for other points.
    active_at = models.DateTimeField(null=True, blank=True)
    # Where the points of a merged member have gone, and by which merge: whatever comes here follows them.
    moved_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="moved_from"
    )
    moved_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "points_type"], name="one_wallet"),
            models.CheckConstraint(
                condition=Q(pending__gte=0, available__gte=0, held__gte=0, debt__lte=0), name="wallet_signs"
            ),
            models.CheckConstraint(condition=Q(debt=0) | Q(available=0), name="wallet_debt_first"),
        ]
        indexes = [models.Index(fields=["due_at"], name="wallet_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.points_type_id}/{self.member_id}"


class PointsTransaction(models.Model):
    """One posting.  ``key`` is given by the caller and never expires; ``related`` is what it refers to."""

    public_id = models.CharField(max_length=24, default=new_transaction_id, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    wallet_seq = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=KINDS)
    key = models.CharField(max_length=160)
    request_hash = models.CharField(max_length=64)
    related = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="following",
        db_index=False,
    )
    source = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    # Words of a person, outside the chain: erasure may empty them.
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=120)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    balances = models.JSONField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    hash_version = models.SmallIntegerField(default=VERSION)

    class Meta:
        # Every index is paid at every posting: those that Django makes by itself and that another one
        # covers are left out (docs/decisions/0121).
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="transaction_id_once"),
            models.UniqueConstraint(fields=["key"], name="key_once"),
            models.UniqueConstraint(fields=["wallet", "wallet_seq"], name="wallet_seq_once"),
            models.UniqueConstraint(fields=["related"], condition=Q(kind="reverse"), name="reversed_once"),
            models.UniqueConstraint(
                fields=["related"], condition=Q(kind__in=["commit", "release"]), name="hold_ends_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["related", "kind"], name="transaction_following", condition=Q(related__isnull=False)
            ),
            models.Index(fields=["recorded_at"]),
        ]

    def __str__(self) -> str:
        return self.public_id


class PointsEntry(models.Model):
    """A transaction's amount on one account."""

    transaction = models.ForeignKey(
        PointsTransaction, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    account = models.CharField(max_length=12)
    points = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transaction", "account"], name="entry_once"),
            models.CheckConstraint(condition=~Q(points=0), name="entry_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.points:+}"


class PointsLot(models.Model):
    """Points earned together, with one beginning and one end.

    ``pending``, ``available`` and ``held`` say what is left of them: a cache of the moves, as the balances
    of a wallet are one of its entries.  All other columns never change.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="lots", db_index=False)
    number = models.IntegerField()
    transaction = models.ForeignKey(PointsTransaction, on_delete=models.PROTECT, related_name="lots")
    points = models.BigIntegerField()
    bucket = models.CharField(max_length=12)
    activates_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    pending = models.BigIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    # Whether anything is left: an index of its own, so that spending reads no lot that is used up.
    is_open = models.BooleanField(default=True)

    class Meta:
        # In the order in which lots are spent: the first one is found without reading the others.
        indexes = [
            models.Index(
                fields=["wallet", "expires_at", "number"], name="lots_open", condition=Q(is_open=True)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["wallet", "number"], name="lot_number_once"),
            models.CheckConstraint(
                condition=Q(pending__gte=0, available__gte=0, held__gte=0), name="lot_signs"
            ),
            models.CheckConstraint(condition=Q(points__gt=0), name="lot_has_points"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("activates_at")), name="lot_has_a_life"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}#{self.number}"


class LotMove(models.Model):
    """A transaction's change of one bucket of one lot; a lot begins with its points in ``PointsLot.bucket``."""

    transaction = models.ForeignKey(PointsTransaction, on_delete=models.PROTECT, related_name="moves")
    lot = models.ForeignKey(PointsLot, on_delete=models.PROTECT, related_name="moves", db_index=False)
    bucket = models.CharField(max_length=12)
    delta = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["lot", "bucket"])]
        constraints = [models.CheckConstraint(condition=~Q(delta=0), name="move_not_zero")]

    def __str__(self) -> str:
        return f"{self.bucket} {self.delta:+}"


class PointsHold(models.Model):
    """When points that were set aside come back by themselves; how it ended says its transaction."""

    transaction = models.OneToOneField(PointsTransaction, on_delete=models.PROTECT, related_name="hold")
    expires_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], condition=Q(is_open=True), name="holds_open")]

    def __str__(self) -> str:
        return str(self.transaction_id)
