"""Taking from limits and giving back: conditional updates, spread over shards so that tills do not queue.

A limit of 100 in four shards is four rows of 25.  A taker begins at a shard of its own and walks on when that one is
full; money that no single shard has left is put together from several.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import MemberVoucherCount, VoucherCounter
from shuke.apps.promotions.rules.terms import Limits
from shuke.platform.errors import Refused

#: A shard is worth its row from this size on.
LEAST_SHARE = 25
MOST_SHARDS = 8
#: How often a taker looks again where others were quicker.
MOST_ROUNDS = 20


class Taking(TypedDict, total=False):
    """What was taken where, so that it can be given back there.  ``member`` is set for a member's own count."""

    definition: int
    what: str
    amount: int
    shard: int
    member: int


class LimitReached(Refused):
    """No further use or claim."""


def shares_of(limit: int, *, least: int = LEAST_SHARE) -> list[int]:
    """The limit in equal parts, the first ones larger by one where it does not divide."""
    count = max(1, min(MOST_SHARDS, limit // least))
    return [limit // count + (number < limit % count) for number in range(count)]


def set_limits(definition_id: int, *, limits: Limits) -> None:
    """Make or change the shards of a definition's limits.  What is used stays used, also above a lowered limit."""
    # In the order in which purchases lock them.
    for what, limit in (("budget", limits.budget_minor), ("claims", limits.claims), ("uses", limits.uses)):
        rows = {
            row.shard: row
            for row in VoucherCounter.objects.select_for_update()
            .filter(definition=definition_id, what=what)
            .order_by("shard")
        }
        if limit is None and not rows:
            continue
        used = sum(row.used for row in rows.values())
        # A limit that was taken away is one that nobody reaches; the count goes on.
        shares = shares_of(limit if limit is not None else 2**62)
        for number in range(max(len(shares), len(rows))):
            row = rows.get(number) or VoucherCounter(definition_id=definition_id, what=what, shard=number)
            row.share = shares[number] if number < len(shares) else 0
            row.used, used = _portion(row.share, used, is_last=number == len(shares) - 1)
            row.save()


def _portion(share: int, used: int, *, is_last: bool) -> tuple[int, int]:
    here = used if is_last else min(share, used)
    return here, used - here


def take(definition_id: int, *, what: str, amount: int, seed: str) -> list[Taking]:
    """Take from a limit, or nothing at all.  Raises ``LimitReached``; an empty answer means there is no limit."""
    rows = VoucherCounter.objects.filter(definition=definition_id, what=what).order_by("shard")
    for _round in range(MOST_ROUNDS):
        shards = list(rows.values_list("shard", "share", "used"))
        if not shards or not amount:
            return []
        first = zlib.crc32(seed.encode()) % len(shards)
        # Shards that read full are not touched: no row is locked for nothing.
        free = [n for n, share, used in shards[first:] + shards[:first] if used + amount <= share]
        for number in free:
            if _take_one(definition_id, what, number, amount):
                return [Taking(definition=definition_id, what=what, shard=number, amount=amount)]
        if not free:
            break
    return _take_pieces(definition_id, what, amount)


def _take_one(definition_id: int, what: str, shard: int, amount: int) -> bool:
    rows = VoucherCounter.objects.filter(definition=definition_id, what=what, shard=shard)
    return rows.filter(used__lte=F("share") - amount).update(used=F("used") + amount) == 1


@transaction.atomic
def _take_pieces(definition_id: int, what: str, amount: int) -> list[Taking]:
    """From several shards, locked in their order; only money comes in pieces."""
    if what != "budget":
        raise _reached(what)
    rows = VoucherCounter.objects.filter(definition=definition_id, what=what)
    shards = list(rows.select_for_update().order_by("shard"))
    if sum(max(row.share - row.used, 0) for row in shards) < amount:
        raise _reached(what)
    takings = []
    for row in shards:
        piece = min(max(row.share - row.used, 0), amount)
        if piece:
            rows.filter(shard=row.shard).update(used=F("used") + piece)
            takings.append(Taking(definition=definition_id, what=what, shard=row.shard, amount=piece))
            amount -= piece
    return takings


def _reached(what: str) -> LimitReached:
    if what == "budget":
        return LimitReached("voucher_budget_used_up", _("The budget of this voucher is used up."))
    return LimitReached("voucher_limit_reached", _("This voucher was used as often as it may be."))


def take_member(
    definition_id: int, *, member_pk: int, what: str, limit: int, family: Sequence[int] = ()
) -> list[Taking]:
    """Count one more for a member.  Raises ``LimitReached`` at the limit.

    ``family`` are the keys of all members that are one person with it, who speaks for them first: what the others
    have counts too, and each keeps its own row.
    """
    others = 0
    if len(family) > 1:
        locked = _lock_members(definition_id, what, {*family, member_pk})
        others = sum(count for pk, count in locked.items() if pk != member_pk)
    rows = MemberVoucherCount.objects.filter(definition=definition_id, member=member_pk, what=what)
    if not rows.filter(count__lt=limit - others).update(count=F("count") + 1):
        _make_rows(definition_id, what, [member_pk])
        if not rows.filter(count__lt=limit - others).update(count=F("count") + 1):
            raise LimitReached(
                "voucher_limit_reached",
                _("This member had this voucher as often as one may."),
                {"limit": limit},
            )
    return [Taking(definition=definition_id, what=what, amount=1, member=member_pk)]


def _make_rows(definition_id: int, what: str, members: Iterable[int]) -> None:
    rows = [
        MemberVoucherCount(definition_id=definition_id, member_id=member, what=what)
        for member in sorted(members)
    ]
    MemberVoucherCount.objects.bulk_create(rows, ignore_conflicts=True)


def _lock_members(definition_id: int, what: str, members: set[int]) -> dict[int, int]:
    """Lock what several members have counted, in the order of their keys; the answer is by key.

    Every row is made before: one that somebody else makes while we wait would not be seen.
    """
    _make_rows(definition_id, what, members)
    rows = MemberVoucherCount.objects.filter(definition=definition_id, what=what, member__in=members)
    return dict(rows.select_for_update().order_by("member").values_list("member", "count"))


@dataclass(frozen=True)
class Wanted:
    """What shall be taken: from a limit, or of a ``member`` of a ``family`` that may have ``limit`` in all."""

    definition: int
    what: str
    amount: int = 1
    member: int | None = None
    limit: int = 0
    family: Sequence[int] = ()


def give_back(takings: Iterable[Taking]) -> None:
    """Undo takings."""
    exchange(freed=takings)


def exchange(*, freed: Iterable[Taking] = (), wanted: Iterable[Wanted] = (), seed: str = "") -> list[Taking]:
    """Undo takings and take, in the one order of all callers, so that nobody waits for somebody who waits.

    Members' counts come first, then limits, each by definition; of one limit the shards by number.  All of what
    is wanted or nothing.  Raises ``LimitReached``.
    """
    backs: dict[tuple[bool, int, str, int], list[Taking]] = defaultdict(list)
    takes: dict[tuple[bool, int, str, int], list[Wanted]] = defaultdict(list)
    for taking in freed:
        member = taking.get("member")
        backs[member is None, taking["definition"], taking["what"], member or 0].append(taking)
    for one in wanted:
        takes[one.member is None, one.definition, one.what, one.member or 0].append(one)
    taken: list[Taking] = []
    _meet_families(sorted(backs.keys() | takes.keys()), takes)
    for place in sorted(backs.keys() | takes.keys()):
        is_limit, definition, what, member = place
        if is_limit and place in backs and place in takes:
            # What is taken may lie in a shard before those that something comes back into.
            rows = VoucherCounter.objects.filter(definition=definition, what=what).order_by("shard")
            list(rows.select_for_update().values_list("pk"))
        for taking in sorted(backs.get(place, ()), key=lambda taking: taking.get("shard", 0)):
            _give_one_back(taking)
        for one in takes.get(place, ()):
            if is_limit:
                taken += take(definition, what=what, amount=one.amount, seed=seed)
            else:
                taken += take_member(
                    definition, member_pk=member, what=what, limit=one.limit, family=one.family
                )
    return taken


def _meet_families(
    places: Sequence[tuple[bool, int, str, int]], takes: Mapping[tuple[bool, int, str, int], Sequence[Wanted]]
) -> None:
    """Where somebody was merged, lock all that members have counted in the order of all, before any of it is changed.

    What a family has is looked at before the places behind this one.
    """
    if not any(len(one.family) > 1 for wanted in takes.values() for one in wanted):
        return
    members: dict[tuple[int, str], set[int]] = defaultdict(set)
    for place in places:
        is_limit, definition, what, member = place
        if not is_limit:
            members[definition, what].update([member], *(one.family for one in takes.get(place, ())))
    for (definition, what), all_of_them in members.items():
        _lock_members(definition, what, all_of_them)


def _give_one_back(taking: Taking) -> None:
    definition, what, amount = taking["definition"], taking["what"], taking["amount"]
    if "member" in taking:
        counts = MemberVoucherCount.objects.filter(definition=definition, what=what)
        counts.filter(member=taking["member"], count__gte=amount).update(count=F("count") - amount)
    else:
        _give_back_shard(definition, what, taking["shard"], amount)


def _give_back_shard(definition_id: int, what: str, shard: int, amount: int) -> None:
    rows = VoucherCounter.objects.filter(definition=definition_id, what=what)
    if rows.filter(shard=shard, used__gte=amount).update(used=F("used") - amount):
        return
    # The limit was cut into other shards since.
    for row in rows.select_for_update().order_by("shard"):
        piece = min(row.used, amount)
        rows.filter(shard=row.shard).update(used=F("used") - piece)
        amount -= piece
