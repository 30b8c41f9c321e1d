"""What time had made of points by a moment and that nobody had posted by then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from shuke.apps.loyalty.models import PointsLot, PointsTransaction, Wallet
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import states_of
from shuke.apps.loyalty.rules.postings import REMAINING, Posting
from shuke.apps.loyalty.rules.wallet import WalletState, due
from shuke.platform.batches import in_batches


@dataclass(frozen=True)
class Gone:
    """Points of a lot that time has moved to a bucket they do not come back from (or back from it)."""

    issued_at: datetime
    expires_at: datetime | None
    bucket: str
    points: int


@dataclass(frozen=True)
class Passed:
    """A posting that time had made to a wallet: at which moment, with which entries, and what became of lots."""

    wallet: int
    effective_at: datetime
    entries: Mapping[str, int]
    gone: tuple[Gone, ...]


def passed(points_type_id: int, *, at: datetime) -> list[Passed]:
    """Postings of time up to ``at`` that were recorded later, and those that are still not recorded."""
    return [*_posted_later(points_type_id, at), *_still_due(points_type_id, at)]


def _posted_later(points_type_id: int, at: datetime) -> Iterator[Passed]:
    late = PointsTransaction.objects.filter(
        wallet__points_type_id=points_type_id, effective_at__lte=at, recorded_at__gt=at, request_hash=""
    )
    # Only of what was known: a lot or a hold that was recorded later does not count either.
    known_lot = Q(kind__in=["activate", "expire"], moves__lot__transaction__recorded_at__lte=at)
    known_hold = Q(kind="release", related__recorded_at__lte=at)
    columns = ("pk", "wallet_id", "effective_at")
    found = late.filter(known_lot | known_hold).distinct().values_list(*columns)
    rows = {pk: (wallet, effective_at) for pk, wallet, effective_at in found}
    for keys in in_batches(sorted(rows)):
        lots = {
            (pk, number): (issued_at, expires_at)
            for pk, number, issued_at, expires_at in PointsTransaction.objects.filter(
                pk__in=keys
            ).values_list(
                "pk", "moves__lot__number", "moves__lot__transaction__effective_at", "moves__lot__expires_at"
            )
        }
        for pk, posting in postings_of(list(keys)).items():
            lives = {number: life for (owner, number), life in lots.items() if owner == pk}
            yield _told(*rows[pk], posting, lives)


def _still_due(points_type_id: int, at: datetime) -> Iterator[Passed]:
    waiting = Wallet.objects.filter(points_type_id=points_type_id, due_at__lt=at, recorded_at__lte=at)
    for keys in in_batches(waiting.order_by("pk").values_list("pk", flat=True)):
        states, _, _ = states_of(list(Wallet.objects.select_related("points_type").filter(pk__in=keys)))
        lives: dict[int, dict[int, tuple[datetime, datetime | None]]] = {pk: {} for pk in keys}
        lots = PointsLot.objects.filter(wallet_id__in=keys)
        for pk, number, issued_at, expires_at in lots.values_list(
            "wallet_id", "number", "transaction__effective_at", "expires_at"
        ):
            lives[pk][number] = (issued_at, expires_at)
        for pk, state in states.items():
            for moment, posting in _settling(state, at):
                yield _told(pk, moment, posting, lives[pk])


def _settling(state: WalletState, at: datetime) -> Iterator[tuple[datetime, Posting]]:
    while (item := due(state, at=at)) is not None:
        state.apply(item.posting)
        if item.kind == "release":
            state.holds.pop(item.subject)
        yield item.at, item.posting


def _told(
    wallet: int,
    effective_at: datetime,
    posting: Posting,
    lives: Mapping[int, tuple[datetime, datetime | None]],
) -> Passed:
    gone = tuple(
        Gone(*lives[move.lot], move.bucket, move.delta)
        for move in posting.moves
        if move.bucket not in REMAINING
    )
    return Passed(wallet, effective_at, posting.entries, gone)
