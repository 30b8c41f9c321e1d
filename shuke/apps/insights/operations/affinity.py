"""What do members buy together, and what instead of one another?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from ibis.expr import types as ir

from shuke.apps.insights.operations.bought import bought_goods, bought_orders, last_year
from shuke.apps.insights.queries.affinity import product_names
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.affinities import AffinityRule, affinities
from shuke.science.affinity_network import placed
from shuke.science.affinity_seasons import seasonal_lifts
from shuke.science.reading import Reading
from shuke.tables import TABLES

#: Level of the range → the level in which substitutes are looked for.
LEVELS: Mapping[str, str] = {"category": "department", "product": "category"}
#: An item is looked at if it is in this part of all baskets …
LEAST_SHARE: Mapping[str, float] = {"category": 0.001, "product": 0.0002}
#: … and in so many of them; of more products than this only the most bought are looked at.
LEAST_BASKETS = 30
MOST_ITEMS = 3000
#: Links of the picture, and pairs that are listed with the members they are open for.
LINKS = 50
OPEN = 15
STEPS = 4


def affinity_study(facts: StudyFacts) -> StudyOutcome:
    """Complements and substitutes of categories and of products over the last year."""
    facts.tell(0, STEPS, _("Reading baskets"))
    goods = last_year(facts, bought_goods(facts, bought_orders(facts)))
    baskets = int(goods.order_id.nunique().to_pyarrow().as_py())
    if baskets < 2 * LEAST_BASKETS:
        raise NotEnough(
            Reading(
                "Only {baskets} baskets with known products lie in the last year. Import order lines first.",
                {"baskets": baskets},
            )
        )
    told, levels = [], {}
    for step, level in enumerate(LEVELS, start=1):
        facts.tell(step, STEPS, _("Comparing pairs"))
        rows, levels[level] = _level(goods, level, baskets=baskets)
        told.append(_dated(rows, level, facts))
    facts.tell(STEPS - 1, STEPS, _("Counting open members"))
    categories = told[0]
    complements = categories.filter(pc.equal(categories["kind"], "complement")).to_pylist()
    top = [row for row in complements if row["left"] < row["right"]]
    result = {
        "baskets": baskets,
        "members": int(goods.member_id.nunique().to_pyarrow().as_py()),
        "levels": levels,
        "graph": _graph(goods, top[:LINKS], rng=facts.rng),
        "top": _open(goods, complements),
        "seasons": seasonal_lifts(_items(goods, "category"), [(r["left"], r["right"]) for r in top[:OPEN]]),
    }
    rows = pa.concat_tables(told)
    return StudyOutcome(
        result=result,
        tables={"affinities": rows},
        readings=_readings(result, _apart(rows, facts)),
    )


def _items(goods: ir.Table, level: str) -> ir.Table:
    column = "product_id" if level == "product" else level
    named = goods.select("member_id", "local_date", basket_id="order_id", item_id=column)
    return named.filter(named.item_id.notnull()).distinct()


def _level(goods: ir.Table, level: str, *, baskets: int) -> tuple[pa.Table, dict[str, Any]]:
    """The told pairs of a level, and how much was looked at."""
    items = _items(goods, level)
    counted = items.group_by("item_id").agg(n=items.basket_id.nunique())
    least = max(LEAST_BASKETS, round(LEAST_SHARE[level] * baskets))
    sizes = counted.filter(counted.n >= least).order_by(counted.n.desc()).limit(MOST_ITEMS + 1).to_pyarrow()
    if sizes.num_rows > MOST_ITEMS:
        least = sizes["n"][MOST_ITEMS].as_py() + 1
    found = affinities(items, kin=_kin(goods, level), rule=AffinityRule(least_count=least))
    kinds = found["kind"].to_pylist()
    return found, {
        "items": min(sizes.num_rows, MOST_ITEMS),
        "least_baskets": least,
        "complements": kinds.count("complement") // 2,
        "substitutes": kinds.count("substitute") // 2,
    }


def _kin(goods: ir.Table, level: str) -> dict[str, str]:
    column = "product_id" if level == "product" else level
    named = goods.group_by(item=goods[column]).agg(kin=goods[LEVELS[level]].max())
    rows = named.filter(named.item.notnull(), named.kin.notnull()).to_pyarrow()
    return dict(zip(rows["item"].to_pylist(), rows["kin"].to_pylist(), strict=True))


def _dated(rows: pa.Table, level: str, facts: StudyFacts) -> pa.Table:
    schema = TABLES["affinities"].arrow_schema
    dated = rows.append_column("as_of", pa.array([facts.as_of] * rows.num_rows, pa.date32()))
    dated = dated.append_column("level", pa.array([level] * rows.num_rows, pa.string()))
    return dated.select(schema.names).cast(schema)


def _graph(goods: ir.Table, links: list[dict[str, Any]], *, rng: np.random.Generator) -> dict[str, Any]:
    """Categories as nodes with their place, baskets and department, the strongest pairs as links."""
    names = sorted({row[side] for row in links for side in ("left", "right")})
    if not names:
        return {"nodes": [], "links": []}
    kept = goods.filter(goods.category.isin(names))
    sized = kept.group_by(name="category").agg(
        baskets=kept.order_id.nunique(), department=kept.department.max()
    )
    nodes = sized.order_by("name").to_pyarrow().to_pylist()
    at = placed(
        len(names),
        [(names.index(r["left"]), names.index(r["right"]), float(np.log(r["low"] + 1))) for r in links],
        rng=rng,
    )
    return {
        "nodes": [
            node | {"x": round(float(x), 4), "y": round(float(y), 4)}
            for node, (x, y) in zip(nodes, at, strict=True)
        ],
        "links": [
            {name: row[name] for name in ("left", "right", "lift", "low", "high", "baskets")} for row in links
        ],
    }


def _open(goods: ir.Table, complements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The strongest pairs, each in the direction of the larger confidence, with who lacks the right one."""
    best: dict[frozenset[str], dict[str, Any]] = {}
    for row in complements:
        pair = frozenset((row["left"], row["right"]))
        best[pair] = max(best.get(pair, row), row, key=lambda r: r["confidence"])
    chosen = list(best.values())[:OPEN]
    if not chosen:
        return []
    own = goods.select("member_id", "category").distinct()
    pairs = ibis.memtable([{"left": row["left"], "right": row["right"]} for row in chosen])
    buyers = own.join(pairs, own.category == pairs.left).select("member_id", "left", "right")
    has = own.select("member_id", right="category").mutate(has=1)
    joined = buyers.left_join(has, ["member_id", "right"])
    counted = joined.group_by("left", "right").agg(buyers=joined.count(), both=joined.has.count())
    found = {(r["left"], r["right"]): r for r in counted.to_pyarrow().to_pylist()}
    kept = ("left", "right", "baskets", "support", "confidence", "lift", "low", "high")
    return [
        {name: row[name] for name in kept}
        | {
            "buyers": found[row["left"], row["right"]]["buyers"],
            "open": found[row["left"], row["right"]]["buyers"] - found[row["left"], row["right"]]["both"],
        }
        for row in chosen
    ]


def _apart(rows: pa.Table, facts: StudyFacts) -> list[dict[str, Any]]:
    """Substitutes with the names that people call them by."""
    apart = rows.filter(pc.equal(rows["kind"], "substitute")).to_pylist()
    names = product_names(facts.snapshot, [row[side] for row in apart for side in ("left", "right")])
    return [row | {side: names.get(row[side], row[side]) for side in ("left", "right")} for row in apart]


def _readings(result: Mapping[str, Any], apart: list[dict[str, Any]]) -> list[Reading]:
    found = []
    if result["top"]:
        row = result["top"][0]
        found.append(
            Reading(
                "Whoever has {left} in the basket takes {right}, too, in {confidence:.0%} of cases: {lift:.1f} times "
                "as often as by chance (95 % interval {low:.1f} to {high:.1f}).",
                {name: row[name] for name in ("left", "right", "confidence", "lift", "low", "high")},
            )
        )
        best = max(result["top"], key=lambda r: r["open"] * r["confidence"])
        found.append(
            Reading(
                "Most is open with {left} and {right}: {open:,} of {buyers:,} members who buy the first did not buy "
                "the second all year.",
                {name: best[name] for name in ("left", "right", "open", "buyers")},
            )
        )
    if apart:
        row = apart[0]
        found.append(
            Reading(
                "{left} and {right} replace one another: the same members buy both, but together only {lift:.0%} as "
                "often as by chance. Offer one where the other is sold out; do not discount both at once.",
                {name: row[name] for name in ("left", "right", "lift")},
            )
        )
    if not found:
        found.append(
            Reading("No two categories are bought together more often than by chance could be shown so far.")
        )
    return found
