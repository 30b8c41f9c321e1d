"""What is bought together: pairs and sets, rules with confidence and lift, complements and substitutes.

All counting is grouping and joining in the engine over ``basket_id, item_id`` (one row per item of a basket), with
basket and items as small integers; no matrix of baskets is ever built.  Sets grow as in Apriori (Agrawal and Srikant
1994): a set of k items is counted only where its first k - 1 are frequent.  Confidence is compared in whole
numbers, so that 16 of 20 is four fifths.  See docs/algorithms/affinity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import ibis
import numpy as np
from ibis.expr import types as ir
from scipy.stats import false_discovery_control, hypergeom


@dataclass(frozen=True)
class Baskets:
    """Baskets in the engine, coded: ``lines`` has ``basket, item`` as integers, ``items`` their names and counts."""

    lines: ir.Table
    items: ir.Table
    baskets: int


def coded(baskets: ir.Table, *, minimum_count: int = 1) -> Baskets:
    """Distinct lines of ``basket_id, item_id`` whose item is in ``minimum_count`` baskets or more.

    Items are numbered by their name, so that the numbers do not depend on the engine.
    """
    # Kept, because everything below reads it: asking for the lines again would cost more than all the counting.
    lines = baskets.select("basket_id", "item_id").distinct().cache()
    total = int(lines.basket_id.nunique().execute())
    counted = lines.group_by("item_id").agg(item_count=lines.count())
    kept = counted.filter(counted.item_count >= minimum_count)
    items = kept.mutate(item=ibis.row_number().over(order_by=kept.item_id).cast("int32")).cache()
    names = lines.select("basket_id").distinct()
    numbers = names.mutate(basket=ibis.row_number().over(order_by=names.basket_id).cast("int32"))
    small = lines.join(items, "item_id").join(numbers, "basket_id").select("basket", "item")
    return Baskets(small.cache(), items, total)


def frequent_sets(baskets: Baskets, *, minimum_count: int, largest: int = 2) -> list[ir.Table]:
    """Sets of 1, 2, … ``largest`` items in ``minimum_count`` baskets or more.

    The k-th table has ``item_1 … item_k`` in rising order and ``n``, the baskets that hold them all.
    """
    items = baskets.items.filter(baskets.items.item_count >= minimum_count)
    levels = [items.select(item_1="item", n="item_count")]
    found = baskets.lines.join(items.select("item"), "item").select("basket", item_1="item").cache()
    for size in range(2, largest + 1):
        names = [f"item_{i}" for i in range(1, size)]
        more = baskets.lines.join(items.select("item"), "item").select("basket", "item")
        grown = found.join(more, ["basket", found[names[-1]] < more.item])
        grown = grown.select("basket", *names, **{f"item_{size}": "item"})
        keys = [*names, f"item_{size}"]
        counted = grown.group_by(keys).agg(n=grown.count())
        level = counted.filter(counted.n >= minimum_count).cache()
        if int(level.count().execute()) == 0:
            break
        levels.append(level)
        if size < largest:
            found = grown.join(level, keys).select("basket", *keys).cache()
    return levels


@dataclass(frozen=True)
class Rules:
    """Rules "who buys these buys that", one array entry each; counts are baskets.

    ``p_value``: chance of so many or more together if that were bought independently (Fisher's exact test, one
    sided); ``q_value``: controlled for the number of rules (Benjamini and Hochberg 1995).
    """

    left: tuple[tuple[str, ...], ...]
    right: tuple[str, ...]
    together: np.ndarray
    left_count: np.ndarray
    right_count: np.ndarray
    baskets: int

    @property
    def support(self) -> np.ndarray:
        """Part of all baskets that hold all of it."""
        return self.together / self.baskets

    @property
    def confidence(self) -> np.ndarray:
        """Part of the baskets with the left side that hold the right one, too."""
        return self.together / self.left_count

    @property
    def lift(self) -> np.ndarray:
        """How many times more often together than if independent."""
        return self.together * self.baskets / (self.left_count * self.right_count)

    @property
    def p_value(self) -> np.ndarray:
        """See the class."""
        return hypergeom.sf(self.together - 1, self.baskets, self.left_count, self.right_count)

    @property
    def q_value(self) -> np.ndarray:
        """See the class."""
        return false_discovery_control(self.p_value) if len(self.right) else self.p_value


def rules(baskets: Baskets, *, minimum_count: int, minimum_confidence: Fraction, largest: int = 2) -> Rules:
    """Rules with one item on the right, by lift and then by name.

    ``largest`` is how many items a rule has at most, both sides together.
    """
    tables = frequent_sets(baskets, minimum_count=minimum_count, largest=largest)
    counts: dict[tuple[int, ...], int] = {}
    for table in tables:
        for *items, n in table.to_pyarrow().to_pandas().itertuples(index=False, name=None):
            counts[tuple(map(int, items))] = int(n)
    listed = baskets.items.select("item", "item_id").to_pyarrow()
    names = dict(zip(listed["item"].to_pylist(), listed["item_id"].to_pylist(), strict=True))
    found = []
    for items, together in counts.items():
        for item in items if len(items) > 1 else ():
            left = tuple(other for other in items if other != item)
            if together * minimum_confidence.denominator >= counts[left] * minimum_confidence.numerator:
                found.append((left, item, together, counts[left], counts[item,]))
    found.sort(key=lambda r: (-Fraction(r[2], r[3] * r[4]), [names[i] for i in r[0]], names[r[1]]))
    columns = np.array([r[2:] for r in found], dtype=np.int64).reshape(-1, 3)
    return Rules(
        left=tuple(tuple(names[i] for i in r[0]) for r in found),
        right=tuple(names[r[1]] for r in found),
        together=columns[:, 0],
        left_count=columns[:, 1],
        right_count=columns[:, 2],
        baskets=baskets.baskets,
    )


def pairs(baskets: Baskets, *, minimum_count: int) -> ir.Table:
    """Pairs of items with ``n, count_1, count_2, lift`` and ``z``, as an expression of the engine.

    ``z`` is how many standard deviations of the hypergeometric distribution the count lies above that of
    independent items: far below zero for items that avoid one another.
    """
    both = frequent_sets(baskets, minimum_count=minimum_count, largest=2)[-1]
    items = baskets.items
    first = items.select(item_1="item", id_1="item_id", count_1="item_count")
    second = items.select(item_2="item", id_2="item_id", count_2="item_count")
    named = both.join(first, "item_1").join(second, "item_2")
    total = float(baskets.baskets)
    expected = named.count_1 * named.count_2 / total
    spread = (
        expected * (1 - named.count_1 / total) * (1 - named.count_2 / total) * (total / max(total - 1, 1.0))
    )
    return named.select(
        "id_1",
        "id_2",
        "n",
        "count_1",
        "count_2",
        lift=named.n * total / (named.count_1 * named.count_2),
        z=(named.n - expected) / spread.sqrt().nullif(0),
    )


def substitutes(
    together: ir.Table, by_member: ir.Table, *, most_lift: float = 0.8, least_z: float = 3.0
) -> ir.Table:
    """Pairs that the same members buy, but not in the same basket: one is taken for the other.

    ``together`` and ``by_member`` are :func:`pairs` of the same items, of baskets and of members (each member's
    items being one basket).  Columns: ``id_1, id_2, basket_lift, member_lift, basket_z``.
    """
    joined = together.join(by_member, ["id_1", "id_2"], rname="{name}_member")
    chosen = joined.filter((joined.lift <= most_lift) & (joined.z <= -least_z) & (joined.lift_member > 1))
    return chosen.select(
        "id_1", "id_2", basket_lift=chosen.lift, member_lift=chosen.lift_member, basket_z=chosen.z
    )
