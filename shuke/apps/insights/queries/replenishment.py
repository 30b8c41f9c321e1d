"""What members need next, as the newest study told it."""

from __future__ import annotations

import ibis

from shuke.apps.insights.models import Study
from shuke.apps.insights.schemas.replenishment import DueDate
from shuke.platform.warehouse import lake
from shuke.science.persons import speaking_members


def due_next(member_id: str, *, limit: int = 10) -> list[DueDate]:
    """What this member needs next, the earliest day first; what is longest overdue comes last.

    Empty before the first study, and for who has no cycle of its own.
    """
    row = Study.objects.filter(kind="replenishment", refusal__isnull=True).order_by("-as_of").first()
    if row is None:
        return []
    with lake().read() as snapshot:
        told = snapshot.table("due_dates").filter(lambda t: t.as_of == ibis.literal(row.as_of))
        # Two accounts of one person tell of the same goods: the one that bought last knows.
        owned = speaking_members(told, snapshot.table("identity_map")).filter(
            lambda t: t.member_id == member_id
        )
        newest = ibis.row_number().over(
            group_by="category", order_by=[owned.last_date.desc(), owned.due_date]
        )
        kept = owned.mutate(place=newest).filter(lambda t: t.place == 0)
        day = ibis.literal(row.as_of)
        overdue = kept.latest <= day
        ordered = (
            kept.mutate(is_overdue=overdue, is_due=~overdue & (kept.due_date <= day))
            .order_by("is_overdue", "due_date", "category")
            .limit(limit)
        )
        rows = ordered.drop("place").to_pyarrow().to_pylist()
    return [DueDate(**row) for row in rows]
