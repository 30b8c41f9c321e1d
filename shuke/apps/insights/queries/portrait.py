"""All members in one picture."""

from typing import Any

from ibis.expr import types as ir

from shuke.apps.insights.queries.traits import latest_build, shares, traits_on
from shuke.apps.insights.schemas import Cell, Count, Portrait
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake

#: How many values a picture shows before it becomes a list nobody reads.
TOP = 12


def portrait() -> Portrait | None:
    """Segments, lifecycle and habits as of the newest build; ``None`` before the first."""
    build = latest_build()
    if build is None:
        return None
    with lake().read() as snapshot:
        traits = traits_on(snapshot, build.as_of)
        # One day's rows, asked several questions: kept on the connection instead of read again.
        traits = snapshot.connection.create_table("portrait", traits, temp=True)
        stages, segments = shares(snapshot, build.as_of)
        return Portrait(
            build=build,
            currency=retailer().currency,
            segments=segments,
            lifecycle=stages,
            matrix=_matrix(traits),
            departments=_counts(traits, "favourite_department", limit=TOP),
            categories=_counts(traits, "favourite_category", limit=TOP),
            channels=_counts(traits, "preferred_channel", limit=TOP),
            hours=_cells(traits, x=traits.favourite_hour, y=traits.favourite_weekday),
        )


def _matrix(traits: ir.Table) -> list[Cell]:
    """Members by combined frequency and monetary score (x) and recency score (y)."""
    scored = traits.filter(traits.recency_score.notnull())
    combined = (scored.frequency_score + scored.monetary_score + 1) // 2
    return _cells(scored, x=combined, y=scored.recency_score)


def _cells(table: ir.Table, *, x: ir.IntegerColumn, y: ir.IntegerColumn) -> list[Cell]:
    crossed = table.select(x=x, y=y)
    crossed = crossed.filter(crossed.x.notnull(), crossed.y.notnull())
    return [Cell(**row) for row in _rows(crossed.group_by("x", "y").agg(members=crossed.count()))]


def _counts(traits: ir.Table, column: str, *, limit: int) -> list[Count]:
    named = traits.select(name=traits[column])
    named = named.filter(named.name.notnull())
    counts = named.group_by("name").agg(members=named.count())
    return [Count(**row) for row in _rows(counts.order_by(counts.members.desc(), counts.name).limit(limit))]


def _rows(table: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found
