"""Whether limits, vouchers and purchases say the same, each read from its own rows."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from shuke.apps.promotions.models import (
    Voucher,
    VoucherBatch,
    VoucherCounter,
    VoucherDefinition,
    VoucherEvent,
    VoucherReservation,
)


def voucher_findings() -> Iterator[str]:
    """Sentences that tell what is not as it must be (docs/algorithms/vouchers.md); none in a sound database."""
    yield from _wrong_limits()
    yield from _too_many_claims()
    yield from _wrong_purchases()
    yield from _wrong_amounts()
    yield from _wrong_batches()


def _wrong_limits() -> Iterator[str]:
    """Uses and money of a limit are what purchases took and have not given back."""
    taken: Counter[tuple[int, str]] = Counter()
    rows = VoucherReservation.objects.exclude(state="released").exclude(taken=[])
    for takings in rows.values_list("taken", flat=True).iterator():
        for taking in takings:
            if "member" not in taking:
                taken[taking["definition"], taking["what"]] += taking["amount"]
    for (definition, what), used in _used("uses", "budget").items():
        stands = taken.pop((definition, what), 0)
        if used != stands:
            yield f"{_name(definition)}: its {what} say {used}, its purchases {stands}"
    for (definition, what), stands in taken.items():
        yield f"{_name(definition)}: its purchases took {stands} of its {what}, which are not counted"


def _used(*whats: str) -> dict[tuple[int, str], int]:
    rows = VoucherCounter.objects.filter(what__in=whats).values("definition", "what")
    sums = rows.annotate(total=Sum("used")).order_by("definition", "what")
    return {(row["definition"], row["what"]): row["total"] for row in sums}


def _too_many_claims() -> Iterator[str]:
    """No more claims are counted than there were: those from before there was a limit are not."""
    rows = VoucherEvent.objects.filter(event="claimed").values("voucher__batch__version__definition")
    claimed = {
        row["voucher__batch__version__definition"]: row["count"]
        for row in rows.annotate(count=Count("pk")).order_by()
    }
    for (definition, _what), used in _used("claims").items():
        if used > claimed.get(definition, 0):
            yield f"{_name(definition)}: its claims say {used}, its vouchers {claimed.get(definition, 0)}"


def _wrong_purchases() -> Iterator[str]:
    """A voucher is held by a purchase that is open, and used by one that was made."""
    held = Voucher.objects.filter(state="reserved").exclude(reservation__state="held")
    used = Voucher.objects.filter(state="redeemed").exclude(reservation__state__in=("redeemed", "returned"))
    for public_id in held.order_by("pk").values_list("public_id", flat=True).iterator():
        yield f"voucher {public_id} is held by a purchase that is over"
    for public_id in used.order_by("pk").values_list("public_id", flat=True).iterator():
        yield f"voucher {public_id} is used by a purchase that was not made"
    empty = VoucherReservation.objects.filter(state__in=("held", "redeemed"), vouchers=None)
    for key in empty.order_by("pk").values_list("key", flat=True).iterator():
        yield f"reservation {key} holds no voucher"


def _wrong_amounts() -> Iterator[str]:
    """What a used voucher took off is what its last step says."""
    told = VoucherEvent.objects.filter(
        voucher=OuterRef("pk"), event="redeemed", amount_minor=OuterRef("off_minor")
    )
    rows = Voucher.objects.filter(~Exists(told), state="redeemed").order_by("pk")
    for public_id, off in rows.values_list("public_id", "off_minor").iterator():
        yield f"voucher {public_id} took off {off}, which no step of it says"


def _wrong_batches() -> Iterator[str]:
    """A whole batch has as many vouchers as it says; renewed ones came later."""
    first = Count("vouchers", filter=Q(vouchers__origin=None))
    rows = VoucherBatch.objects.filter(kind__in=("bulk", "audience"), state="whole").annotate(there=first)
    for public_id, made, there in (
        rows.exclude(there=F("made")).order_by("pk").values_list("public_id", "made", "there")
    ):
        yield f"batch {public_id} says {made} vouchers, there are {there}"


def _name(definition_id: int) -> str:
    found = VoucherDefinition.objects.filter(pk=definition_id).values_list("public_id", flat=True).first()
    return f"definition {found}"
