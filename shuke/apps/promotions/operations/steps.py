"""Writing down each step of a voucher: beside it in the database, and for the lake."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shuke.apps.identity.queries import primary_person_keys
from shuke.apps.promotions.models import Voucher, VoucherEvent
from shuke.platform.batches import in_batches
from shuke.platform.outbox.operations import record


@dataclass(frozen=True)
class Step:
    """One step of one voucher (whose batch, version, definition and member must be loaded)."""

    voucher: Voucher
    event: str
    amount_minor: int | None = None


def write_steps(
    steps: Sequence[Step], *, at: datetime, key: str = "", order_id: str = "", holder: str = ""
) -> None:
    """Append the events and queue them for the lake, in the caller's transaction.

    ``holder`` is the public id of who used a voucher that belongs to nobody.
    """
    if not steps:
        return
    VoucherEvent.objects.bulk_create(
        [
            VoucherEvent(
                voucher=step.voucher,
                event=step.event,
                at=at,
                key=key,
                order_id=order_id,
                amount_minor=step.amount_minor,
            )
            for step in steps
        ]
    )
    members = {step.voucher.member.public_id for step in steps if step.voucher.member} | {holder} - {""}
    persons = primary_person_keys(members) if members else {}
    record(
        "voucher_events",
        [
            {
                "voucher_id": step.voucher.public_id,
                "definition_id": step.voucher.batch.version.definition.public_id,
                "person_key": persons.get(step.voucher.member.public_id if step.voucher.member else holder),
                "event": step.event,
                "order_id": order_id or None,
                "amount_minor": step.amount_minor,
                "occurred_at": at,
            }
            for step in steps
        ],
    )


def loaded(voucher_pks: Iterable[int]) -> list[Voucher]:
    """Vouchers with what ``Step`` needs, by id."""
    rows: list[Voucher] = []
    for pks in in_batches(sorted(voucher_pks)):
        found = Voucher.objects.select_related("batch__version__definition", "member")
        rows += found.filter(pk__in=pks).order_by("pk")
    return rows
