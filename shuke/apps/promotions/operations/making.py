"""Making vouchers many at a time: codes in bulk, and one for everybody in an audience.

Work goes in blocks, each one transaction that also moves the batch on.  A process that is killed leaves whole blocks;
the next one goes on behind them.  Two processes at one batch: the batch's row says who has the block, the other one
begins again behind it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shuke.apps.audiences.queries import audience_member_ids
from shuke.apps.members.queries import active_ids, member_refs
from shuke.apps.promotions.models import Voucher, VoucherBatch, VoucherEvent
from shuke.apps.promotions.operations.steps import Step, loaded, write_steps
from shuke.apps.promotions.queries.codes import secret_of, voucher_ids
from shuke.apps.promotions.rules.codes import derived_codes
from shuke.apps.promotions.rules.terms import terms_of
from shuke.apps.promotions.rules.validity import life
from shuke.platform.batches import in_batches
from shuke.platform.errors import NotFound
from shuke.platform.outbox.operations import record_alike
from shuke.platform.retailer.queries import retailer

#: Codes per transaction: a writer of SQLite's waits for one block at most.
BLOCK = 10_000
#: Members per transaction.
MEMBERS_BLOCK = 1_000
#: Told how many are made and how many there will be.
Tell = Callable[[int, int], None]
_COLUMNS = (
    "public_id",
    "batch_id",
    "number",
    "state",
    "valid_from",
    "valid_through",
    "off_minor",
    "gift_count",
)


def batch_row(batch_id: str) -> VoucherBatch:
    """The batch with its version and definition.  Raises ``NotFound``."""
    row = VoucherBatch.objects.select_related("version__definition").filter(public_id=batch_id).first()
    if row is None:
        raise NotFound("voucher_batch_not_found", _("There is no such batch of vouchers."))
    return row


def make_codes(*, batch_id: str, tell: Tell = lambda _done, _total: None) -> int:
    """Make the codes that a batch still lacks; returns how many were made by this call."""
    batch, made = batch_row(batch_id), 0
    secret = secret_of(batch)
    while True:
        batch.refresh_from_db()
        tell(batch.made, batch.wanted)
        if batch.state != "making" or batch.made >= batch.wanted:
            break
        made += _make_block(batch, secret, size=min(BLOCK, batch.wanted - batch.made))
    if batch.made >= batch.wanted:
        VoucherBatch.objects.filter(pk=batch.pk, state="making").update(state="whole")
    return made


@transaction.atomic
def _make_block(batch: VoucherBatch, secret: bytes, *, size: int) -> int:
    first = batch.next_number
    rows = VoucherBatch.objects.filter(pk=batch.pk, next_number=first, state="making")
    if not rows.update(next_number=first + size):
        return 0
    numbers: Sequence[int] = range(first, first + size)
    ids = voucher_ids(derived_codes(secret, numbers))
    try:
        with transaction.atomic():
            _insert(batch, list(zip(ids, numbers, strict=True)))
    except IntegrityError:
        # Two codes are one by chance: that number gets no voucher, and the batch goes on to a later one.
        fresh = _unknown(list(zip(ids, numbers, strict=True)))
        _insert(batch, fresh)
        ids = [public_id for public_id, _number in fresh]
    _note_issued(batch, ids, first=first, size=size)
    rows = VoucherBatch.objects.filter(pk=batch.pk)
    rows.update(made=F("made") + len(ids))
    return len(ids)


def _unknown(pairs: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    known: set[str] = set()
    for part in in_batches(public_id for public_id, _number in pairs):
        known |= set(Voucher.objects.filter(public_id__in=part).values_list("public_id", flat=True))
    fresh: dict[str, int] = {}
    for public_id, number in pairs:
        if public_id not in known:
            fresh.setdefault(public_id, number)
    return list(fresh.items())


def _insert(batch: VoucherBatch, pairs: Sequence[tuple[str, int]]) -> None:
    """Insert vouchers that nobody holds, by the fastest way that each database has."""
    zone = retailer().time_zone
    begins, ends = life(
        terms_of(batch.version.terms), begins_at=batch.created_at, is_held=False, time_zone=zone
    )
    adapt = connection.ops.adapt_datetimefield_value
    shared = ("issued", adapt(begins), adapt(ends) if ends else None, 0, 0)
    rows = [(public_id, batch.pk, number, *shared) for public_id, number in pairs]
    table, columns = Voucher._meta.db_table, ", ".join(_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(_COLUMNS))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608


def _note_issued(batch: VoucherBatch, ids: Sequence[str], *, first: int, size: int) -> None:
    """The step of each, beside it and for the lake."""
    at = batch.created_at
    events, vouchers = VoucherEvent._meta.db_table, Voucher._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {events} (voucher_id, event, at, key, order_id) "  # noqa: S608
            f"SELECT id, 'issued', %s, '', '' FROM {vouchers} WHERE batch_id = %s AND number >= %s AND number < %s",
            [connection.ops.adapt_datetimefield_value(at), batch.pk, first, first + size],
        )
    step: dict[str, Any] = {
        "definition_id": batch.version.definition.public_id,
        "event": "issued",
        "occurred_at": at,
    }
    record_alike("voucher_events", step, column="voucher_id", values=ids)


def issue_to_audience(*, batch_id: str, tell: Tell = lambda _done, _total: None) -> int:
    """Give everybody in the batch's audience their voucher; returns how many got theirs by this call.

    A member's voucher has the member's key for its number, so nobody gets two, however often this is run.
    """
    batch, issued = batch_row(batch_id), 0
    if batch.state != "making" or batch.as_of is None:
        return 0
    ids = active_ids(
        audience_member_ids(batch.audience_id, as_of=batch.as_of, version=batch.audience_version)
    )
    done = 0
    for part in in_batches(sorted(ids), MEMBERS_BLOCK):
        tell(done, len(ids))
        issued += _issue_block(batch, part)
        done += len(part)
        batch.refresh_from_db(fields=["state"])
        if batch.state != "making":
            return issued
    made = Voucher.objects.filter(batch=batch).count()
    VoucherBatch.objects.filter(pk=batch.pk, state="making").update(state="whole", wanted=made, made=made)
    tell(len(ids), len(ids))
    return issued


@transaction.atomic
def _issue_block(batch: VoucherBatch, member_ids: Iterable[str]) -> int:
    # The batch's row is the lock: two processes at one batch go one after the other.
    if not VoucherBatch.objects.filter(pk=batch.pk, state="making").update(state="making"):
        return 0
    keys = sorted(ref.pk for ref in member_refs(member_ids).values())
    done = set(Voucher.objects.filter(batch=batch, number__in=keys).values_list("number", flat=True))
    keys = [key for key in keys if key not in done]
    zone, at = retailer().time_zone, batch.created_at
    begins, ends = life(terms_of(batch.version.terms), begins_at=at, is_held=True, time_zone=zone)
    public_ids = voucher_ids(derived_codes(secret_of(batch), keys))
    Voucher.objects.bulk_create(
        [
            Voucher(
                public_id=public_id,
                batch=batch,
                number=key,
                member_id=key,
                state="claimed",
                valid_from=begins,
                valid_through=ends,
                claimed_at=at,
            )
            for public_id, key in zip(public_ids, keys, strict=True)
        ]
    )
    pks = Voucher.objects.filter(batch=batch, number__in=keys).values_list("pk", flat=True)
    write_steps([Step(voucher, "issued") for voucher in loaded(pks)], at=at)
    VoucherBatch.objects.filter(pk=batch.pk).update(made=F("made") + len(keys))
    return len(keys)
