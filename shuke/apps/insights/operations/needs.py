"""What members come for: found once a quarter, and each night who comes for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr import types as ir
from scipy import sparse

from shuke.apps.insights.operations.bought import WINDOW_DAYS
from shuke.apps.insights.queries import latest_study
from shuke.apps.insights.schemas import StudyFacts
from shuke.science.needs import MIXED, NeedModel, find_needs, model_of, need_shares, paired, strongest
from shuke.science.reading import Reading
from shuke.tables import TABLES

#: Needs are looked for anew after so many days, so that a layer means the same from night to night.
ANEW_DAYS = 91
#: From this likeness on a need found anew is the one known before and keeps its code.
SAME = 0.8
#: A member with fewer baskets in the window shows no need.
LEAST_BASKETS = 3
NO_NEED = "mixed"
TOP = 5


@dataclass(frozen=True)
class Needs:
    """``result``: needs, needs_model and layer_names of the study; ``rows`` of ``member_layers``."""

    result: Mapping[str, Any]
    rows: Sequence[pa.Table] = ()
    readings: Sequence[Reading] = ()


@dataclass(frozen=True)
class Kept:
    """A model with the code of each need, the day it was found, and the number the next new need gets."""

    model: NeedModel
    codes: tuple[str, ...]
    found_on: date
    next_number: int

    def as_data(self) -> dict[str, Any]:
        return self.model.as_data() | {
            "codes": list(self.codes),
            "found_on": self.found_on.isoformat(),
            "next_number": self.next_number,
        }

    def names(self) -> dict[str, str]:
        """Code → the need's two strongest categories."""
        return {code: " + ".join(self.model.top_categories(i, limit=2)) for i, code in enumerate(self.codes)}


@dataclass(frozen=True)
class Visits:
    """``counts``: members × categories, how many baskets of the window held the category."""

    members: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    counts: sparse.csr_matrix = field(default_factory=lambda: sparse.csr_matrix((0, 0)))


def studied_needs(facts: StudyFacts, goods: ir.Table, *, days: Sequence[date]) -> Needs:
    """The needs, and who has which on each of the days, the first being the study's own.

    Nothing where there are too few members or categories to look for needs.
    """
    baskets = _category_baskets(facts, goods)
    visits = _visits(baskets, days[0])
    kept = _model(facts, visits)
    if kept is None:
        return Needs({"needs": [], "needs_model": None, "layer_names": {}})
    rows = [_rows(kept, _visits(baskets, day) if day != days[0] else visits, day) for day in days]
    result = {
        "needs": _described(facts, goods, kept, rows[0]),
        "needs_model": kept.as_data(),
        "layer_names": {"need": kept.names()},
    }
    return Needs(result, rows, [kept.model.reading])


def _category_baskets(facts: StudyFacts, goods: ir.Table) -> ir.Table:
    """Each basket's categories, once: many days are counted from them."""
    named = goods.filter(goods.category.notnull())
    once = named.select("order_id", "member_id", "local_date", "category").distinct()
    return facts.snapshot.connection.create_table("category_baskets", once, temp=True)


def _visits(baskets: ir.Table, day: date) -> Visits:
    first = day - timedelta(days=WINDOW_DAYS - 1)
    window = baskets.filter(
        baskets.local_date >= ibis.literal(first), baskets.local_date <= ibis.literal(day)
    )
    enough = window.group_by("member_id").agg(baskets=window.order_id.nunique())
    kept = window.semi_join(enough.filter(enough.baskets >= LEAST_BASKETS), "member_id")
    counted = kept.group_by("member_id", "category").agg(n=kept.count())
    rows = counted.order_by("member_id", "category").to_pyarrow()
    if not rows.num_rows:
        return Visits()
    members, who = _coded(rows["member_id"])
    categories, what = _coded(rows["category"])
    return Visits(
        members, categories, sparse.csr_matrix((rows["n"].to_numpy().astype(np.float64), (who, what)))
    )


def _coded(values: pa.ChunkedArray) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int32]]]:
    """The distinct values, and for each value its place among them."""
    coded = values.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy()


def _model(facts: StudyFacts, visits: Visits) -> Kept | None:
    """The model of the last study while it is young, else one found anew that keeps the codes of needs found again."""
    known = _known_model()
    if known is not None and 0 <= (facts.as_of - known.found_on).days < ANEW_DAYS:
        return known
    try:
        model = find_needs(visits.counts, visits.categories, rng=facts.rng)
    except ValueError:
        return known
    return named_like(model, known, found_on=facts.as_of)


def _known_model() -> Kept | None:
    study = latest_study("layers")
    data = study.result.get("needs_model") if study else None
    if not data:
        return None
    return Kept(
        model_of(data), tuple(data["codes"]), date.fromisoformat(data["found_on"]), int(data["next_number"])
    )


def named_like(model: NeedModel, known: Kept | None, *, found_on: date) -> Kept:
    """The model with the codes of those known needs that it finds again; new needs get numbers never used before."""
    number = known.next_number if known else 1
    old: dict[int, str] = {}
    if known is not None:
        old = {mine: known.codes[other] for mine, other, same in _paired(model, known.model) if same >= SAME}
    codes = []
    for need in range(len(model.weights)):
        if need in old:
            codes.append(old[need])
        else:
            codes.append(f"need_{number}")
            number += 1
    return Kept(model, tuple(codes), found_on, number)


def _paired(model: NeedModel, known: NeedModel) -> list[tuple[int, int, float]]:
    every = sorted({*model.categories, *known.categories})
    place = {name: i for i, name in enumerate(every)}

    def spread(one: NeedModel) -> np.ndarray[Any, np.dtype[np.float64]]:
        wide = np.zeros((len(one.weights), len(every)))
        wide[:, [place[name] for name in one.categories]] = one.weights
        return wide

    return paired(spread(model), spread(known))


def _rows(kept: Kept, visits: Visits, day: date) -> pa.Table:
    schema = TABLES["member_layers"].arrow_schema
    if not visits.members:
        return schema.empty_table()
    needs, shares = strongest(need_shares(kept.model, visits.counts, visits.categories))
    layers = [NO_NEED if need == MIXED else kept.codes[need] for need in needs]
    size = len(visits.members)
    columns = {
        "member_id": visits.members,
        "as_of": [day] * size,
        "scheme": ["need"] * size,
        "layer": layers,
        "score": shares.round(6),
    }
    return pa.table(
        [pa.array(columns[name], schema.field(name).type) for name in schema.names], schema=schema
    )


def _described(facts: StudyFacts, goods: ir.Table, kept: Kept, rows: pa.Table) -> list[dict[str, Any]]:
    """Each need with its members, their money, its categories, and the products that they buy more than others."""
    connection = facts.snapshot.connection
    placed = connection.create_table("need_members", rows.select(["member_id", "layer"]), temp=True)
    money = placed.join(facts.traits.select("member_id", "monetary_minor"), "member_id")
    sums = money.group_by("layer").agg(
        members=money.count(), money_minor=money.monetary_minor.sum().cast("int64")
    )
    found = {row["layer"]: row for row in sums.to_pyarrow().to_pylist()}
    products = _products(facts, goods, placed)
    described = []
    for need, code in [*enumerate(kept.codes), (MIXED, NO_NEED)]:
        if code not in found:
            continue
        categories = [] if need == MIXED else kept.model.top_categories(need, limit=TOP)
        weights = dict(zip(kept.model.categories, kept.model.weights[need], strict=True))
        described.append(
            {
                "code": code,
                "members": found[code]["members"],
                "money_minor": found[code]["money_minor"],
                "categories": [[name, round(float(weights[name]), 4)] for name in categories],
                "products": [] if need == MIXED else products.get(code, []),
            }
        )
    return described


def _products(facts: StudyFacts, goods: ir.Table, placed: ir.Table) -> dict[str, list[dict[str, Any]]]:
    """By need the products whose part of its baskets exceeds their part of all baskets by the most."""
    first = facts.as_of - timedelta(days=WINDOW_DAYS - 1)
    window = goods.filter(goods.local_date >= ibis.literal(first)).join(placed, "member_id")
    baskets = window.group_by("layer").agg(baskets=window.order_id.nunique())
    bought = window.group_by("layer", "product_id").agg(n=window.order_id.nunique())
    joined = bought.join(baskets, "layer").mutate(
        n_all=bought.n.sum().over(group_by="product_id"),
    )
    total = baskets.baskets.sum().as_scalar()
    shares = joined.select(
        "layer", "product_id", share=joined.n / joined.baskets, share_all=joined.n_all / total
    )
    place = ibis.row_number().over(
        group_by="layer", order_by=[ibis.desc(shares.share - shares.share_all), shares.product_id]
    )
    top = shares.mutate(place=place).filter(lambda t: t.place < TOP)
    names = facts.snapshot.table("products").select("product_id", "name")
    rows = top.left_join(names, "product_id").select(
        "layer", "product_id", "name", "share", "share_all", "place"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.order_by("layer", "place").to_pyarrow().to_pylist():
        kept = {name: row[name] for name in ("product_id", "share", "share_all")}
        found.setdefault(row["layer"], []).append(kept | {"name": row["name"] or row["product_id"]})
    return found
