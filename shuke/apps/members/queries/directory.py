"""The list of members with their traits: filtered and sorted in the lake, named from the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ibis import desc
from ibis.expr import types as ir

from shuke.apps.members.models import Member
from shuke.apps.members.queries import member_view, members_page
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
    """Which members a list shows; ``ids`` of ``None`` means all."""

    ids: Sequence[str] | None = None
    stage: str = ""
    segment: str = ""
    sort: str = DEFAULT_SORT


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
    if total == 0 and not (wanted.stage or wanted.segment):
        return _plain(wanted, limit=limit, offset=offset, unmask=unmask)
    return _named(rows, unmask=unmask), total


def _by_joining(
    snapshot: Snapshot, wanted: Wanted, *, limit: int, offset: int, unmask: bool
) -> tuple[list[MemberRow], int]:
    if snapshot.version("traits") is None:
        return _plain(wanted, limit=limit, offset=offset, unmask=unmask)
    ids = wanted.ids
    traits = newest_traits(snapshot)
    if wanted.stage or wanted.segment:
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
        traits = traits.filter(traits.member_id.isin(list(wanted.ids) or [""]))
    if wanted.stage:
        traits = traits.filter(traits.lifecycle_stage == wanted.stage)
    if wanted.segment:
        traits = traits.filter(traits.rfm_segment == wanted.segment)
    return traits


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
