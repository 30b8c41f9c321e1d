"""Complements and substitutes of a level of the range, judged by members instead of by baskets.

A basket is no independent draw: the same member brings two hundred of them.  So members are dealt into
``GROUPS`` groups and the lift's uncertainty is taken from how the groups differ (the grouped jackknife, Kott 2001,
linearised).  With n baskets holding both, a and b holding each, N in all, and the same with index g in one group:

    ln lift = ln (n N / (a b)),   u_g = n_g/n - a_g/a - b_g/b + N_g/N,   variance = G/(G - 1) · sum of u_g²

p is two-sided by Student's t with G - 1 degrees of freedom, controlled over every pair that was looked at (Benjamini
and Hochberg 1995).  A pair is looked at where the baskets with both, or those expected, reach the least count.

Worked: 1,000 baskets, 200 with pasta, 100 with sauce, 60 with both: lift 60 · 1000 / (200 · 100) = 3.  Were baskets
independent, the variance would be 1/60 - 1/200 - 1/100 + (2 · 3 - 1)/1000 = 0.0067, the interval 2.56 to 3.52.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr import types as ir
from numpy.typing import NDArray
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from shuke.science.affinity import Baskets, coded

#: Groups that members are dealt into.
GROUPS = 64
#: Added to the baskets with both, so that a pair that never met has a logarithm.
NEVER_MET = 0.5

COLUMNS = (
    "left", "right", "kind", "baskets", "support", "confidence", "lift", "low", "high", "p_adjusted",
)  # fmt: skip


@dataclass(frozen=True)
class AffinityRule:
    """What is looked at and what is told.

    ``least_count``: baskets that hold both, found or expected.  ``level``: false discoveries among what is told.
    ``least_lift`` and ``most_lift``: how strong complements and substitutes are at least.  ``most_pairs`` of each
    kind, by the bound of the interval that lies nearer to one.
    """

    least_count: int = 50
    level: float = 0.05
    least_lift: float = 1.1
    most_lift: float = 0.8
    coverage: float = 0.95
    most_pairs: int = 2000


@dataclass(frozen=True)
class Judged:
    """Pairs that were looked at, one array entry each; ``items`` are the names by number."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    together: NDArray[np.float64]
    count_1: NDArray[np.float64]
    count_2: NDArray[np.float64]
    lift: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]
    baskets: int
    items: dict[int, str]


def affinities(
    lines: ir.Table, *, kin: Mapping[str, str] | None = None, rule: AffinityRule | None = None
) -> pa.Table:
    """Complements and substitutes among the items of ``basket_id, member_id, item_id``: see ``COLUMNS``.

    ``kind`` is ``complement`` or ``substitute``; each pair stands in both directions, which differ in ``confidence``:
    the part of the baskets with the left item that hold the right one.  ``low`` to ``high`` is the interval of the
    lift.  Substitutes are rarely in one basket though the same members buy both (:func:`same_members`), and of one
    kin where ``kin`` gives each item's: petrol is paid at a till of its own and replaces no milk.
    """
    rule = rule or AffinityRule()
    known = lines.filter(lines.item_id.notnull()).select("basket_id", "member_id", "item_id")
    baskets = coded(known, minimum_count=rule.least_count)
    found = judged(known, baskets, rule=rule)
    is_told = found.p_adjusted <= rule.level
    complement = np.flatnonzero(is_told & (found.lift >= rule.least_lift))
    complement = complement[np.argsort(-found.low[complement], kind="stable")][: rule.most_pairs]
    apart = np.flatnonzero(is_told & (found.lift <= rule.most_lift))
    if kin is not None:
        apart = apart[np.array([_kin(found, int(place), kin) for place in apart], dtype=bool)]
    apart = apart[same_members(known, found, apart) > 1]
    substitute = apart[np.argsort(found.high[apart], kind="stable")][: rule.most_pairs]
    return _table(found, {"complement": complement, "substitute": substitute})


def _kin(found: Judged, place: int, kin: Mapping[str, str]) -> bool:
    first, second = (kin.get(found.items[int(side[place])]) for side in (found.first, found.second))
    return first is not None and first == second


def judged(lines: ir.Table, baskets: Baskets, *, rule: AffinityRule) -> Judged:
    """Every pair looked at with its interval and p; ``baskets`` are the same ``lines``, coded."""
    pairs, singles, sizes = _counts(lines, baskets, least_count=rule.least_count)
    totals = singles.sum(axis=1)
    first, second, together = pairs
    n = together.sum(axis=1)
    whole = sizes.sum()
    lift = n * whole / (totals[first] * totals[second])
    smoothed = together + NEVER_MET / GROUPS
    spread = _spread(smoothed, singles[first], singles[second], sizes)
    centre = np.log(smoothed.sum(axis=1) * whole / (totals[first] * totals[second]))
    quantile = float(student.ppf(0.5 + rule.coverage / 2, GROUPS - 1))
    p = 2 * student.sf(np.abs(centre) / np.maximum(spread, 1e-12), GROUPS - 1)
    named = baskets.items.select("item", "item_id").to_pyarrow()
    expected = totals[first] * totals[second] / whole
    never = n == 0
    return Judged(
        first=first,
        second=second,
        together=n,
        count_1=totals[first],
        count_2=totals[second],
        lift=lift,
        low=np.where(never, 0.0, np.exp(centre - quantile * spread)),
        # Three expected and none seen: the 95 % bound of a Poisson count.
        high=np.maximum(np.exp(centre + quantile * spread), np.where(never, 3 / expected, 0.0)),
        p_value=p,
        p_adjusted=false_discovery_control(p) if len(p) else p,
        baskets=baskets.baskets,
        items=dict(zip(named["item"].to_pylist(), named["item_id"].to_pylist(), strict=True)),
    )


def _spread(
    together: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    sizes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The standard error of each pair's ln lift, from counts by (pair, group)."""

    def part(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-300)

    influence = part(together) - part(first) - part(second) + part(sizes)
    spread: NDArray[np.float64] = np.sqrt(GROUPS / (GROUPS - 1) * (influence**2).sum(axis=1))
    return spread


def _counts(
    lines: ir.Table, baskets: Baskets, *, least_count: int
) -> tuple[
    tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]
]:
    """Baskets by (pair, group) of the pairs looked at, by (item, group), and by group."""
    dealt = _dealt(lines)
    sizes = _by_group(dealt.group_by("group").agg(n=dealt.count()))
    grouped = _with_group(baskets, dealt)
    items = int(baskets.items.count().execute())
    alone = grouped.group_by("item", "group").agg(n=grouped.count()).to_pyarrow()
    singles = np.zeros((items, GROUPS))
    singles[alone["item"].to_numpy(), alone["group"].to_numpy()] = alone["n"].to_numpy()
    other = grouped.select("basket", item_2="item")
    both = grouped.join(other, ["basket", grouped.item < other.item_2])
    counted = both.group_by("item", "item_2", "group").agg(n=both.count()).cache()
    total = counted.group_by("item", "item_2").agg(n=counted.n.sum())
    met = total.filter(total.n >= least_count).to_pyarrow()
    first, second = _looked_at(met, singles, sizes=sizes, least_count=least_count)
    wanted = ibis.memtable({"item": first, "item_2": second, "place": np.arange(len(first))})
    chosen = counted.join(wanted, ["item", "item_2"]).select("place", "group", "n").to_pyarrow()
    together = np.zeros((len(first), GROUPS))
    together[chosen["place"].to_numpy(), chosen["group"].to_numpy()] = chosen["n"].to_numpy()
    return (first, second, together), singles, sizes


def _looked_at(
    met: pa.Table, singles: NDArray[np.float64], *, sizes: NDArray[np.float64], least_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that met often enough, and pairs that should have if they were independent."""
    totals = singles.sum(axis=1)
    whole = max(float(sizes.sum()), 1.0)
    often = np.flatnonzero(totals * totals.max(initial=0.0) >= least_count * whole)
    expected = np.outer(totals[often], totals[often]) / whole >= least_count
    rows, columns = np.nonzero(np.triu(expected, k=1))
    both = np.concatenate(
        [
            np.column_stack([met["item"].to_numpy(), met["item_2"].to_numpy()]).astype(np.int64),
            np.column_stack([often[rows], often[columns]]).astype(np.int64),
        ]
    )
    pairs = np.unique(both, axis=0)
    return pairs[:, 0], pairs[:, 1]


def _dealt(lines: ir.Table) -> ir.Table:
    """``basket_id, group``: every basket once; members in the order of their ids are dealt round the groups."""
    members = lines.select("member_id").distinct()
    number = ibis.row_number().over(order_by=members.member_id)
    members = members.mutate(group=(number % GROUPS).cast("int32"))
    baskets = lines.select("basket_id", "member_id").distinct()
    return baskets.join(members, "member_id").select("basket_id", "group").cache()


def _with_group(baskets: Baskets, dealt: ir.Table) -> ir.Table:
    """``basket, item, group``; the numbers of baskets follow the order of their names, as in ``coded``."""
    numbers = dealt.mutate(basket=ibis.row_number().over(order_by=dealt.basket_id).cast("int32"))
    return baskets.lines.join(numbers, "basket").select("basket", "item", "group").cache()


def _by_group(counted: ir.Table) -> NDArray[np.float64]:
    found = np.zeros(GROUPS)
    rows = counted.to_pyarrow()
    found[rows["group"].to_numpy()] = rows["n"].to_numpy()
    return found


def same_members(lines: ir.Table, found: Judged, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """The lift over members of the pairs at ``places``: above one, who buys one of them buys the other, too."""
    if len(places) == 0:
        return np.zeros(0)
    chosen = ibis.memtable(
        {
            "item_1": [found.items[int(i)] for i in found.first[places]],
            "item_2": [found.items[int(i)] for i in found.second[places]],
            "place": np.arange(len(places)),
        }
    )
    own = lines.select("member_id", "item_id").distinct().cache()
    members = int(own.member_id.nunique().execute())
    by_item = own.group_by("item_id").agg(n=own.count()).to_pyarrow()
    size = dict(zip(by_item["item_id"].to_pylist(), by_item["n"].to_pylist(), strict=True))
    first = own.join(chosen, own.item_id == chosen.item_1).select("member_id", "item_2", "place")
    both = first.join(own.select("member_id", item_2="item_id"), ["member_id", "item_2"])
    rows = both.group_by("place").agg(n=both.count()).to_pyarrow()
    together = np.zeros(len(places))
    together[rows["place"].to_numpy()] = rows["n"].to_numpy()
    names = [
        (found.items[int(i)], found.items[int(j)])
        for i, j in zip(found.first[places], found.second[places], strict=True)
    ]
    return np.array([n * members / (size[a] * size[b]) for n, (a, b) in zip(together, names, strict=True)])


def _table(found: Judged, chosen: dict[str, NDArray[np.int64]]) -> pa.Table:
    """Both directions of the chosen pairs, in their order."""
    columns: dict[str, list[object]] = {name: [] for name in COLUMNS}
    for kind, places in chosen.items():
        for place in map(int, places):
            ends = int(found.first[place]), int(found.second[place])
            counts = float(found.count_1[place]), float(found.count_2[place])
            for left, right, of in ((*ends, counts[0]), (*ends[::-1], counts[1])):
                row = (
                    found.items[left],
                    found.items[right],
                    kind,
                    int(found.together[place]),
                    float(found.together[place] / found.baskets),
                    float(found.together[place] / of),
                    float(found.lift[place]),
                    float(found.low[place]),
                    float(found.high[place]),
                    float(found.p_adjusted[place]),
                )
                for name, value in zip(COLUMNS, row, strict=True):
                    columns[name].append(value)
    kinds = [pa.string()] * 3 + [pa.int64()] + [pa.float64()] * 6
    return pa.table(columns, schema=pa.schema(list(zip(COLUMNS, kinds, strict=True))))
