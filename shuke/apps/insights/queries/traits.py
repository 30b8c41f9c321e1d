"""Traits of members and the builds they come from."""

from datetime import date
from typing import Any

from ibis.expr import types as ir

from shuke.apps.insights.models import TraitsBuild
from shuke.apps.insights.schemas import SEGMENT_HINTS, MemberTraits, Share, TraitsBuildView
from shuke.lake.reading import Snapshot
from shuke.platform.warehouse import lake
from shuke.science.lifecycle import STAGES
from shuke.science.rfm import SEGMENTS
from shuke.web.labels import label_of, own_words


def build_view(row: TraitsBuild) -> TraitsBuildView:
    """The public view of a build."""
    return TraitsBuildView.from_orm(row)


def latest_build() -> TraitsBuildView | None:
    """The build of the newest day, ``None`` before the first."""
    row = TraitsBuild.objects.order_by("-as_of").first()
    return build_view(row) if row else None


def traits_on(snapshot: Snapshot, day: date) -> ir.Table:
    """The traits of that day: one row per member."""
    traits = snapshot.table("traits")
    return traits.filter(traits.as_of == day)


def traits_of(member_id: str) -> MemberTraits | None:
    """The newest traits of a member; ``None`` if there are none (yet)."""
    build = latest_build()
    if build is None:
        return None
    with lake().read() as snapshot:
        traits = traits_on(snapshot, build.as_of)
        rows = traits.filter(traits.member_id == member_id).to_pyarrow().to_pylist()
    if not rows:
        return None
    row = rows[0]
    return MemberTraits(
        **row,
        rfm_segment_label=label_of("rfm_segment", row["rfm_segment"]),
        lifecycle_stage_label=label_of("lifecycle_stage", row["lifecycle_stage"]),
    )


def shares(snapshot: Snapshot, day: date) -> tuple[list[Share], list[Share]]:
    """Lifecycle stages and RFM segments with their members, in the order people read them.

    Stages leave out nobody; segments leave out who never bought.  Groups without members are there
    with zero, so that colours and places stay.
    """
    traits = traits_on(snapshot, day)
    rows = (
        traits.group_by("lifecycle_stage", "rfm_segment")
        .agg(
            members=traits.count(),
            monetary_minor=traits.monetary_minor.sum(),
            recency_days=traits.recency_days.sum(),
        )
        .to_pyarrow()
        .to_pylist()
    )
    stages = _shares(rows, "lifecycle_stage", names=STAGES)
    return stages, _shares(rows, "rfm_segment", names=own_words("rfm_segment").offered or SEGMENTS)


def _shares(rows: list[dict[str, Any]], column: str, *, names: tuple[str, ...]) -> list[Share]:
    sums = {name: {"members": 0, "monetary_minor": 0, "recency_days": 0} for name in names}
    for row in rows:
        if row[column] in sums:
            for measure, total in sums[row[column]].items():
                sums[row[column]][measure] = total + (row[measure] or 0)
    everybody = sum(group["members"] for group in sums.values())
    money = sum(group["monetary_minor"] for group in sums.values())
    is_segment = column == "rfm_segment"
    return [
        Share(
            name=name,
            label=label_of(column, name),
            hint=str(SEGMENT_HINTS.get(name, "")) if is_segment else "",
            members=group["members"],
            share=group["members"] / everybody if everybody else 0.0,
            monetary_minor=group["monetary_minor"],
            money_share=group["monetary_minor"] / money if money > 0 else 0.0,
            average_recency_days=group["recency_days"] / group["members"]
            if group["members"] and name != "prospect"
            else None,
        )
        for name, group in sums.items()
    ]
