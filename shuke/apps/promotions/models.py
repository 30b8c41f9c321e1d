"""Definitions of vouchers, the vouchers, and what became of each."""

from django.db import models
from django.db.models import Q

from shuke.platform.ids import new_id

STATES = ("issued", "claimed", "reserved", "redeemed", "gifted", "expired", "cancelled")
#: States of a batch that was taken back: what comes free of it is free for nobody.
GONE = ("cancelling", "cancelled")
#: States in which a voucher can still be used.
LIVE = ("issued", "claimed")
EVENTS = (
    "issued",
    "claimed",
    "gifted",
    "reserved",
    "redeemed",
    "released",
    "returned",
    "expired",
    "cancelled",
)


def new_definition_id() -> str:
    return new_id("vdf")


def new_batch_id() -> str:
    return new_id("vba")


class VoucherDefinition(models.Model):
    """A kind of voucher.  ``draft`` is what is being edited (terms as JSON); what was published lies in versions."""

    public_id = models.CharField(max_length=24, unique=True, default=new_definition_id, editable=False)
    name = models.CharField(max_length=120)
    # By language, for readers of each; ``name`` stands where one is missing.
    names = models.JSONField(default=dict)
    status = models.CharField(
        max_length=10, default="draft", choices=[(s, s) for s in ("draft", "published", "ended")]
    )
    version = models.PositiveIntegerField(default=0)
    draft = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "-updated_at"])]

    def __str__(self) -> str:
        return self.name


class VoucherVersion(models.Model):
    """What a definition promises from one publication to the next (``rules.terms.Terms``).  Never changes."""

    definition = models.ForeignKey(VoucherDefinition, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    terms = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    author_name = models.CharField(max_length=120)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["definition", "number"], name="voucher_version_once")]

    def __str__(self) -> str:
        return f"{self.definition_id} v{self.number}"


class VoucherBatch(models.Model):
    """Vouchers that came into being together.  The codes follow from its secret and their numbers.

    ``bulk``: codes for nobody in particular.  ``audience``: one for each member, numbered by the member's key.
    ``single``: issued or claimed one by one, numbered by their request.  ``shared``: one word for many; each use is a
    voucher of its own.  ``word_hash`` and ``word_encrypted`` hold the word.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_batch_id, editable=False)
    version = models.ForeignKey(VoucherVersion, on_delete=models.PROTECT, related_name="batches")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in ("bulk", "audience", "single", "shared")])
    key = models.CharField(max_length=160, unique=True)
    label = models.CharField(max_length=160, blank=True)
    secret_encrypted = models.BinaryField()
    word_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    word_encrypted = models.BinaryField(default=b"")
    audience_id = models.CharField(max_length=24, blank=True)
    audience_version = models.PositiveIntegerField(null=True, blank=True)
    as_of = models.DateField(null=True, blank=True)
    state = models.CharField(
        max_length=10,
        default="making",
        choices=[(s, s) for s in ("making", "whole", "cancelling", "cancelled")],
    )
    wanted = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)
    next_number = models.PositiveBigIntegerField(default=0)
    author_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return self.public_id


class VoucherReservation(models.Model):
    """Vouchers that one purchase holds, under the caller's key.  ``uses`` is what the quote said, as JSON."""

    key = models.CharField(max_length=160, unique=True)
    digest = models.CharField(max_length=64)
    state = models.CharField(
        max_length=10, default="held", choices=[(s, s) for s in ("held", "redeemed", "released", "returned")]
    )
    member = models.ForeignKey(
        "members.Member", null=True, blank=True, on_delete=models.PROTECT, related_name="voucher_reservations"
    )
    uses = models.JSONField()
    taken = models.JSONField(default=list)
    until = models.DateTimeField()
    order_id = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["until"], name="voucher_hold_ends", condition=Q(state="held")),
            models.Index(fields=["order_id"], name="voucher_hold_order", condition=~Q(order_id="")),
        ]

    def __str__(self) -> str:
        return self.key


class Voucher(models.Model):
    """One voucher.  Its public id is the keyed hash of its code, so a code is found without being stored."""

    public_id = models.CharField(max_length=24, unique=True)
    batch = models.ForeignKey(VoucherBatch, on_delete=models.PROTECT, related_name="vouchers", db_index=False)
    number = models.PositiveBigIntegerField()
    member = models.ForeignKey(
        "members.Member",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="vouchers",
        db_index=False,
    )
    state = models.CharField(max_length=10, choices=[(s, s) for s in STATES])
    valid_from = models.DateTimeField()
    valid_through = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    reservation = models.ForeignKey(
        VoucherReservation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="vouchers",
        db_index=False,
    )
    off_minor = models.BigIntegerField(default=0)
    redeemed_at = models.DateTimeField(null=True, blank=True)
    gift_hash = models.CharField(max_length=64, null=True, blank=True)
    gift_count = models.PositiveSmallIntegerField(default=0)
    origin = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="following", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="voucher_number_once"),
            models.UniqueConstraint(
                fields=["gift_hash"], name="voucher_gift_once", condition=Q(gift_hash__isnull=False)
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["reserved", "redeemed"]) | Q(reservation__isnull=False),
                name="voucher_used_for_something",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "state"], name="voucher_batch_state"),
            models.Index(
                fields=["member", "state"], name="voucher_member", condition=Q(member__isnull=False)
            ),
            models.Index(
                fields=["reservation"], name="voucher_reservation", condition=Q(reservation__isnull=False)
            ),
            models.Index(
                fields=["valid_through"],
                name="voucher_ends",
                condition=Q(valid_through__isnull=False, state__in=LIVE),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class VoucherEvent(models.Model):
    """One step of a voucher.  Rows are only ever added."""

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=10, choices=[(e, e) for e in EVENTS])
    at = models.DateTimeField()
    key = models.CharField(max_length=160, blank=True)
    order_id = models.CharField(max_length=120, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.event} {self.voucher_id}"


class VoucherCounter(models.Model):
    """A part of a limit: ``used`` of ``share``.  A limit is the sum of its shards."""

    definition = models.ForeignKey(VoucherDefinition, on_delete=models.PROTECT, related_name="counters")
    what = models.CharField(max_length=10, choices=[(w, w) for w in ("uses", "claims", "budget")])
    shard = models.PositiveSmallIntegerField()
    share = models.BigIntegerField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "what", "shard"], name="voucher_counter_once"),
            models.CheckConstraint(condition=Q(used__gte=0), name="voucher_counter_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.definition_id} {self.what} {self.used}/{self.share}"


class MemberVoucherCount(models.Model):
    """How often one member claimed or used vouchers of a definition that limits it."""

    definition = models.ForeignKey(VoucherDefinition, on_delete=models.PROTECT, related_name="member_counts")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="voucher_counts")
    what = models.CharField(max_length=10, choices=[(w, w) for w in ("uses", "claims")])
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "member", "what"], name="voucher_member_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.count}"
