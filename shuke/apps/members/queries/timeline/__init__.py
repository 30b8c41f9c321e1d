"""What happened with a member, newest first, on one line: what the lake tells and what apps add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import ibis

from shuke.apps.members.queries import absorbed_members
from shuke.apps.members.queries.person import person_keys
from shuke.apps.members.queries.timeline.reading import Part, Reader
from shuke.apps.members.queries.timeline.shopping import READERS as SHOPPING
from shuke.apps.members.queries.timeline.talking import READERS as TALKING
from shuke.apps.members.schemas import TimelineEntry
from shuke.platform.warehouse import lake
from shuke.web.panels import TimelineItem, TimelineKind

#: Kinds that the lake tells, in the order of the menu.
READERS: Mapping[str, Reader] = {**SHOPPING, **TALKING}
KINDS = ("order", "message", "event", "refund", "voucher", "consent", "exposure", "identity")


@dataclass(frozen=True)
class Cut:
    """Which part of the timeline: entries up to ``until`` without the first ``skip`` of that very instant."""

    until: datetime | None = None
    skip: int = 0
    kind: str = ""
    channel: str = ""
    limit: int = 30


def timeline(
    *, member_id: str, cut: Cut | None = None, added: Sequence[TimelineKind] = ()
) -> list[TimelineEntry]:
    """Up to ``cut.limit`` entries, newest first.  ``added`` are the kinds of apps that the reader may see.

    The order is total, so that a part that ends amid entries of one instant goes on without gap or repeat;
    ``following`` gives the next cut.
    """
    cut = cut or Cut()
    entries: list[TimelineEntry] = []
    kinds = [kind for kind in KINDS if cut.kind in {"", kind}]
    if kinds:
        with lake().read() as snapshot:
            part = Part(
                snapshot=snapshot,
                keys=person_keys(snapshot, member_id),
                member_ids=[member_id, *absorbed_members(member_id)],
                until=cut.until,
                limit=cut.limit + cut.skip,
                channel=cut.channel,
            )
            for kind in kinds:
                entries += READERS[kind](part)
    for extra in added:
        if cut.kind in {"", extra.name}:
            items = extra.read(member_id, cut.until, cut.limit + cut.skip)
            entries += [_entry(extra, item) for item in items if cut.channel in {"", item.channel}]
    entries.sort(key=_place)
    return entries[cut.skip : cut.skip + cut.limit]


def following(cut: Cut, entries: Sequence[TimelineEntry]) -> Cut | None:
    """The cut after these entries, or nothing where they were the last."""
    if len(entries) < cut.limit:
        return None
    last = entries[-1].at
    shown = sum(entry.at == last for entry in entries)
    return replace(cut, until=last, skip=shown + (cut.skip if last == cut.until else 0))


def timeline_channels(*, member_id: str) -> list[str]:
    """Codes of the sales and message channels that the member's timeline has, sorted."""
    with lake().read() as snapshot:
        keys = person_keys(snapshot, member_id)
        codes = []
        for table_name, column in (("orders", "sales_channel"), ("messages", "channel")):
            if snapshot.version(table_name) is not None:
                table = snapshot.table(table_name)
                codes.append(table.filter(table.person_key.isin(keys)).select(code=table[column]))
        found = ibis.union(*codes, distinct=True).to_pyarrow()["code"].to_pylist() if codes else []
    return sorted(code for code in found if code)


def _entry(kind: TimelineKind, item: TimelineItem) -> TimelineEntry:
    return TimelineEntry(
        kind=kind.name,
        at=item.at,
        what=item.what,
        channel=item.channel,
        detail=item.detail,
        reference=item.reference,
        title=item.title,
        icon=kind.icon,
        url=item.url,
    )


def _place(entry: TimelineEntry) -> tuple[float, str, str]:
    """Newest first; within an instant by kind and reference, and then as the reader had them."""
    return (-entry.at.timestamp(), entry.kind, entry.reference)
