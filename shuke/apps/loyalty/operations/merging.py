"""Points follow their members: into the survivor's wallets at a merge, and back at its undoing.

docs/algorithms/points.md, "Merging members", has the rules and docs/decisions/0127 why points move at all.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.operations.book import SYSTEM_ACTOR, Book, Ledger
from shuke.apps.loyalty.queries.moved import Pair, merged_pairs
from shuke.apps.loyalty.rules import corrections, merging
from shuke.apps.loyalty.rules.postings import Posting
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.schemas import MemberRef


@transaction.atomic
def merge_wallets(*, at: datetime, survivor: MemberRef, absorbed: MemberRef) -> Any:
    """Move all points and debts of a member into the wallets of who speaks for it from now on.

    What is held stays until the hold ends and follows then.  Returns what undoing needs.
    """
    moved = []
    for wallet, into in _locked_pairs(survivor, absorbed, at=at):
        merge = f"merge:{wallet.pk}>{into.pk}:{wallet.seq}"
        Wallet.objects.filter(pk=wallet.pk).update(moved_to=into, moved_by=merge)
        _move(wallet.pk, into.pk, merge=merge, at=at)
        moved.append([wallet.pk, into.pk, merge])
    return {"wallets": moved}


@transaction.atomic
def unmerge_wallets(*, at: datetime, survivor: MemberRef, absorbed: MemberRef, state: Any) -> None:
    """Give back what is still there of the points that came with a member, into the lots they left.

    What was spent meanwhile stays spent, what was paid stays paid, and what came since stays with the survivor.
    """
    del survivor, absorbed
    _lock({pk for wallet_pk, into_pk, _ in state["wallets"] for pk in (wallet_pk, into_pk)})
    for wallet_pk, into_pk, merge in state["wallets"]:
        wallet = Wallet.objects.get(pk=wallet_pk)
        pairs = merged_pairs(wallet, merge=merge)
        ledger = Ledger()
        books = {book.wallet.pk: book for book in ledger.open([wallet_pk, into_pk])}
        giver, owner = books[into_pk], books[wallet_pk]
        at_both = _settled(books.values(), at=at)
        for pair in pairs:
            _give_back(pair, giver=giver, owner=owner, merge=merge, at=at_both)
        owner.wallet.moved_to, owner.wallet.moved_by = None, ""
        ledger.flush()
        Wallet.objects.filter(pk=wallet_pk).update(moved_to=None, moved_by="")


def _locked_pairs(survivor: MemberRef, absorbed: MemberRef, *, at: datetime) -> list[tuple[Wallet, Wallet]]:
    """The wallets of the absorbed member with those that they go into, made where there are none, all locked."""
    kinds = (
        Wallet.objects.filter(member_id=absorbed.pk).order_by("pk").values_list("points_type_id", flat=True)
    )
    for kind in list(kinds):
        Wallet.objects.get_or_create(member_id=survivor.pk, points_type_id=kind, defaults={"created_at": at})
    both = Wallet.objects.filter(member_id__in=[survivor.pk, absorbed.pk], points_type_id__in=list(kinds))
    locked = _lock(both.values_list("pk", flat=True))
    own = {row.points_type_id: row for row in locked if row.member_id == survivor.pk}
    return [(row, own[row.points_type_id]) for row in locked if row.member_id == absorbed.pk]


def _lock(wallet_ids: Iterable[int]) -> list[Wallet]:
    """All wallets that a merge touches, by id before any is changed: tills lock in the same order."""
    return list(Wallet.objects.select_for_update().filter(pk__in=list(wallet_ids)).order_by("pk"))


def gather_wallet(wallet_id: int, *, at: datetime) -> None:
    """Let what came into the wallet of a merged member follow to where its points are.

    Such as points of a hold that was released after the merge.  Nothing is written if there is nothing.
    """
    while True:
        wallet = Wallet.objects.get(pk=wallet_id)
        if wallet.moved_to_id is None:
            return
        with transaction.atomic():
            _move(wallet.pk, wallet.moved_to_id, merge=wallet.moved_by, at=at)
        wallet_id = wallet.moved_to_id


def gather_stranded(*, at: datetime) -> int:
    """``gather_wallet`` for every wallet of a merged member that has something; returns how many had."""
    something = Q(available__gt=0) | Q(pending__gt=0) | Q(debt__lt=0)
    stranded = Wallet.objects.filter(something, moved_to__isnull=False).order_by("pk")
    keys = list(stranded.values_list("pk", flat=True))
    for pk in keys:
        gather_wallet(pk, at=at)
    return len(keys)


def _settled(books: Iterable[Book], *, at: datetime) -> datetime:
    opened = list(books)
    latest = max([at, *(book.wallet.recorded_at or at for book in opened)])
    for book in opened:
        book.settle(latest)
    return latest


def _move(wallet_pk: int, into_pk: int, *, merge: str, at: datetime) -> None:
    ledger = Ledger()
    books = {book.wallet.pk: book for book in ledger.open([wallet_pk, into_pk])}
    giver, taker = books[wallet_pk], books[into_pk]
    at = _settled(books.values(), at=at)
    if giver.wallet.moved_to_id != into_pk:
        # The merge was undone while we waited for the lock.
        ledger.flush()
        return
    sent = corrections.parcels(giver.state, points=None)
    if sent:
        came = corrections.receiving(taker.state, giver=giver.state, sent=sent)
        _post_pair(giver, taker, corrections.sending(sent), came, merge=merge, at=at)
    owed = -giver.state.balances["debt"]
    if owed:
        came = merging.taking_debt(taker.state, owed=owed)
        _post_pair(giver, taker, merging.handing_over_debt(giver.state), came, merge=merge, at=at)
    ledger.flush()


def _post_pair(
    giver: Book, taker: Book, out: Posting, came: Posting, *, merge: str, at: datetime
) -> PointsTransaction:
    key = f"{merge}:{giver.wallet.seq + 1}"
    request = Request(key=key, actor=SYSTEM_ACTOR, at=at, source=merge)
    posted = giver.post("merge_out", out, request=request)
    arrival = Request(key=f"{key}:in", actor=SYSTEM_ACTOR, at=at, source=merge)
    taker.post("merge_in", came, request=arrival, related=posted)
    return posted


def _give_back(pair: Pair, *, giver: Book, owner: Book, merge: str, at: datetime) -> None:
    row, out, came = pair
    if came.new_lots:
        passed = merging.still_alive(merging.passages(out, came), owner.state, at=at)
        both = merging.giving_back(giver.state, owner=owner.state, passed=passed)
    else:
        dead = [lot.number for lot in giver.state.lots.values() if giver.state.is_over(lot, at)]
        both = merging.returning_debt(giver.state, owner=owner.state, came=came, dead=dead)
    if both is None:
        return
    key = f"{row.public_id}:back"
    request = Request(key=key, actor=SYSTEM_ACTOR, at=at, source=merge)
    posted = giver.post("unmerge_out", both[0], request=request, related=row)
    arrival = Request(key=f"{key}:in", actor=SYSTEM_ACTOR, at=at, source=merge)
    owner.post("unmerge_in", both[1], request=arrival, related=posted)
