"""Layers of members: which one each is in on a day, how two schemes cross, and who moved between two days.

A scheme divides the members, a layer is one of its parts.  ``member_layers`` keeps a row per member, scheme and day;
the newest kept day up to the one asked for stands for it, so a night that was missed breaks no comparison.
See docs/algorithms/layers.md.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis.expr import types as ir

from shuke.science.rounding import cut


def layers_on(member_layers: ir.Table, *, scheme: str, as_of: date, days_before: int = 0) -> ir.Table:
    """``member_id, layer, score, as_of`` of the newest kept day of the scheme up to ``as_of``.

    With ``days_before`` of the newest kept day that lies at least so many days before that one; no rows where there
    is none.  ``member_layers``: the lake's table.
    """
    known = member_layers.filter(member_layers.scheme == scheme, member_layers.as_of <= ibis.literal(as_of))
    if days_before:
        newest = known.as_of.max().as_scalar()
        known = known.filter(newest.delta(known.as_of, unit="day") >= days_before)
    newest_day = known.filter(known.as_of == known.as_of.max().as_scalar())
    return newest_day.select("member_id", "layer", "score", "as_of")


def moved(
    member_layers: ir.Table,
    *,
    scheme: str,
    as_of: date,
    days: int,
    from_layers: tuple[str, ...],
    to_layers: tuple[str, ...],
) -> ir.Table:
    """``member_id`` of those who were in one of ``from_layers`` ``days`` ago and are in one of ``to_layers`` now.

    The two days are those of :func:`layers_on`, so the members are those that :func:`flows` counts.
    """
    before = layers_on(member_layers, scheme=scheme, as_of=as_of, days_before=days)
    after = layers_on(member_layers, scheme=scheme, as_of=as_of)
    left = before.filter(before.layer.isin(from_layers)).select("member_id")
    arrived = after.filter(after.layer.isin(to_layers))
    return arrived.semi_join(left, "member_id").select("member_id")


def flows(before: ir.Table, after: ir.Table, *, money: ir.Table) -> ir.Table:
    """``from_layer, to_layer, members, money_minor`` between two days; staying is a flow to the same layer.

    ``before`` and ``after`` have ``member_id, layer``, one row per member; ``money`` has ``member_id, money_minor``
    (whole minor units; who has no row has none).  ``from_layer`` is missing for who enters, ``to_layer`` for who
    leaves.  Summed over ``from_layer`` the members are the sizes of the later day, over ``to_layer`` those of the
    earlier one.

    >>> day = lambda **where: ibis.memtable({"member_id": list(where), "layer": list(where.values())})
    >>> spent = ibis.memtable({"member_id": ["a", "b"], "money_minor": [500, 70]})
    >>> found = flows(day(a="new", b="new", c="lost"), day(a="loyal", b="new", d="new"), money=spent).to_polars()
    >>> sorted(found.rows(), key=str)
    [('lost', None, 1, 0), ('new', 'loyal', 1, 500), ('new', 'new', 1, 70), (None, 'new', 1, 0)]
    """
    # A union and not an outer join: engines disagree on the name of the joined key.
    sides = ibis.union(
        before.select("member_id", from_layer="layer", to_layer=ibis.null("string")),
        after.select("member_id", from_layer=ibis.null("string"), to_layer="layer"),
    )
    both = sides.group_by("member_id").agg(from_layer=sides.from_layer.max(), to_layer=sides.to_layer.max())
    spent = both.left_join(money.select("member_id", "money_minor"), "member_id")
    spent = spent.select("from_layer", "to_layer", money_minor=spent.money_minor.fill_null(0))
    return spent.group_by("from_layer", "to_layer").agg(
        members=spent.count(), money_minor=spent.money_minor.sum().cast("int64")
    )


def crossed(rows: ir.Table, columns: ir.Table, *, money: ir.Table) -> ir.Table:
    """``row, column, members, money_minor, average_minor`` for each pair of layers of two schemes on one day.

    ``rows`` and ``columns`` have ``member_id, layer``; counted is who is in both.  ``money``: ``member_id,
    money_minor``.  ``average_minor`` is money per member, cut toward zero.
    """
    pairs = rows.select("member_id", row="layer").join(
        columns.select("member_id", column="layer"), "member_id"
    )
    spent = pairs.left_join(money.select("member_id", "money_minor"), "member_id")
    spent = spent.select("row", "column", money_minor=spent.money_minor.fill_null(0))
    cells = spent.group_by("row", "column").agg(
        members=spent.count(), money_minor=spent.money_minor.sum().cast("int64")
    )
    return cells.mutate(average_minor=cut(cells.money_minor / cells.members.nullif(0)))


def sizes(member_layers: ir.Table, *, scheme: str, since: date, as_of: date) -> ir.Table:
    """``as_of, layer, members`` of every kept day of the scheme from ``since`` through ``as_of``."""
    known = member_layers.filter(
        member_layers.scheme == scheme,
        member_layers.as_of >= ibis.literal(since),
        member_layers.as_of <= ibis.literal(as_of),
    )
    return known.group_by("as_of", "layer").agg(members=known.count())
