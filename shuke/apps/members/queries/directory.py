"""The list of members with their traits: filtered and sorted in the lake, named from the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
from ibis import desc
from ibis.expr import types as ir

from shuke.apps.members.models import Member
from shuke.apps.members.queries import active_count, active_ids, member_view, members_count, members_page
from shuke.apps.members.schemas import MemberRow
from shuke.lake.reading import Snapshot
from shuke.platform.warehouse import lake

#: Order of the list → column of the traits; ``newest`` is the order of joining the database.
SORTS = {
    "spend": "spend_total_minor",
    "orders": "orders_total",
    "last_order": "last_order_date",
    "recent_spend": "monetary_minor",
}
DEFAULT_SORT = "spend"
#: When somebody bought last: code → (days, whether it was within them).
BOUGHT = {
    "30": (30, True),
    "90": (90, True),
    "365": (365, True),
    "not90": (90, False),
    "not180": (180, False),
    "not365": (365, False),
}
#: Longer lists of ids are joined instead of being written out.
LONG_LIST = 200
TRAIT_COLUMNS = (
    "lifecycle_stage",
    "rfm_segment",
    "last_order_date",
    "orders_total",
    "spend_total_minor",
    "currency",
)


@dataclass(frozen=True)
class Wanted:
    """Which members a list shows; ``ids`` of ``None`` means all.

    ``bought`` is a code of ``BOUGHT``, counted back from ``today``; ``channel`` the sales channel of most
    orders.
    """

    ids: Collection[str] | None = None
    stage: str = ""
    segment: str = ""
    channel: str = ""
    bought: str = ""
    today: date | None = None
    sort: str = DEFAULT_SORT

    @property
    def is_by_traits(self) -> bool:
        """Whether only members with traits can fit."""
        return bool(self.stage or self.segment or self.channel or self.bought)


def newest_traits(snapshot: Snapshot) -> ir.Table:
    """The traits of the newest day: one row per member; no rows before the first build."""
    traits = snapshot.table("traits")
    newest = traits.as_of.max().execute()
    return traits.filter(traits.as_of == newest) if newest is not None else traits.limit(0)


def directory(
    *, wanted: Wanted, limit: int, offset: int, unmask: bool = False
) -> tuple[list[MemberRow], int]:
    """Members with their key traits, and how many there are in all.

    Without filters members whom no build of traits has seen yet are there too, after the others;
    ``sort="newest"`` lists by joining.
    """
    with lake().read() as snapshot:
        if snapshot.version("traits") is None or wanted.sort == "newest":
            return _by_joining(snapshot, wanted, limit=limit, offset=offset, unmask=unmask)
        traits = _filtered(newest_traits(snapshot), wanted)
        ordered = traits.order_by(desc(traits[SORTS[wanted.sort]], nulls_first=False), traits.member_id)
        rows = _rows(ordered.limit(limit, offset=offset))
        total = int(traits.count().execute())
        is_at_end = not wanted.is_by_traits and offset + limit > total
        seen = set(traits.member_id.to_pyarrow().to_pylist()) if is_at_end else set()
    found = _named(rows, unmask=unmask)
    if wanted.is_by_traits:
        return found, total
    everybody = members_count() if wanted.ids is None else active_count(wanted.ids)
    if is_at_end:
        skip = max(offset - total, 0)
        found += _newcomers(wanted, seen, limit=limit - len(rows), offset=skip, unmask=unmask)
    return found, max(total, everybody)


def _newcomers(wanted: Wanted, seen: set[str], *, limit: int, offset: int, unmask: bool) -> list[MemberRow]:
    """Members without traits yet, the newest first."""
    ids = active_ids(wanted.ids)
    fresh = [member_id for member_id in ids if member_id not in seen][offset : offset + limit]
    members, _total = members_page(limit=limit, member_ids=fresh, unmask=unmask) if fresh else ([], 0)
    return [_row(member, {}) for member in members]


def _by_joining(
    snapshot: Snapshot, wanted: Wanted, *, limit: int, offset: int, unmask: bool
) -> tuple[list[MemberRow], int]:
    if snapshot.version("traits") is None:
        return _plain(wanted, limit=limit, offset=offset, unmask=unmask)
    ids = wanted.ids
    traits = newest_traits(snapshot)
    if wanted.is_by_traits:
        ids = [row["member_id"] for row in _rows(_filtered(traits, wanted))]
    members, total = members_page(limit=limit, offset=offset, member_ids=ids, unmask=unmask)
    known = traits.filter(traits.member_id.isin([member.id for member in members] or [""]))
    by_id = {row["member_id"]: row for row in _rows(known)}
    return [_row(member, by_id.get(member.id, {})) for member in members], total


def _plain(wanted: Wanted, *, limit: int, offset: int, unmask: bool) -> tuple[list[MemberRow], int]:
    members, total = members_page(limit=limit, offset=offset, member_ids=wanted.ids, unmask=unmask)
    return [_row(member, {}) for member in members], total


def _filtered(traits: ir.Table, wanted: Wanted) -> ir.Table:
    if wanted.ids is not None:
        traits = _among(traits, wanted.ids)
    if wanted.stage:
        traits = traits.filter(traits.lifecycle_stage == wanted.stage)
    if wanted.segment:
        traits = traits.filter(traits.rfm_segment == wanted.segment)
    if wanted.channel:
        traits = traits.filter(traits.preferred_channel == wanted.channel)
    if wanted.bought in BOUGHT and wanted.today is not None:
        days, is_within = BOUGHT[wanted.bought]
        since = ibis.literal(wanted.today - timedelta(days=days))
        last = traits.last_order_date
        traits = traits.filter(last >= since if is_within else last < since)
    return traits


def _among(traits: ir.Table, ids: Collection[str]) -> ir.Table:
    if len(ids) <= LONG_LIST:
        return traits.filter(traits.member_id.isin(list(ids) or [""]))
    wanted = ibis.memtable(pa.table({"member_id": pa.array(sorted(set(ids)), pa.string())}))
    return traits.semi_join(wanted, "member_id")


def preferred_channels() -> list[str]:
    """The sales channels that members prefer, sorted."""
    with lake().read() as snapshot:
        if snapshot.version("traits") is None:
            return []
        found = newest_traits(snapshot).select("preferred_channel").distinct().to_pyarrow()
    return sorted(code for code in found["preferred_channel"].to_pylist() if code)


def _rows(table: ir.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.select("member_id", *TRAIT_COLUMNS).to_pyarrow().to_pylist()
    return rows


def _named(rows: list[dict[str, Any]], *, unmask: bool) -> list[MemberRow]:
    ids = [row["member_id"] for row in rows]
    found = {member.public_id: member for member in Member.objects.filter(public_id__in=ids, status="active")}
    return [
        _row(member_view(found[row["member_id"]], unmask=unmask), row)
        for row in rows
        if row["member_id"] in found
    ]


def _row(member: Any, traits: dict[str, Any]) -> MemberRow:
    return MemberRow(
        id=member.id,
        name=member.name,
        joined_on=member.joined_on,
        **{name: traits.get(name) for name in TRAIT_COLUMNS},
    )
