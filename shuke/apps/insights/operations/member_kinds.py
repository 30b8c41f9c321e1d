"""What kinds of members are there?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from shuke.apps.insights.operations.bought import bought_orders
from shuke.apps.insights.operations.measuring import measured, normal_scores, rounded
from shuke.apps.insights.rules.measures import kind_name
from shuke.apps.insights.schemas import StudyFacts, StudyOutcome
from shuke.science.clusters import STABLE, Clusters, hdbscan, k_means
from shuke.science.factors import factor_analysis
from shuke.science.reading import Reading
from shuke.tables import TABLES

#: Dots of the picture, and members that are looked through for dense groups.
DOTS = 1_200
DENSE_AMONG = 5_000
STEPS = 4

Floats = NDArray[np.float64]


def kinds_study(facts: StudyFacts) -> StudyOutcome:
    """Groups of members by how they buy, named by what sets each apart."""
    facts.tell(0, STEPS, _("Measuring members"))
    rows = measured(facts, bought_orders(facts), as_of=facts.as_of)
    scores = normal_scores(rows)
    data = np.column_stack(list(scores.values()))
    facts.tell(1, STEPS, _("Looking for groups"))
    found = k_means(data, rng=facts.rng, candidates=(2, 3, 4, 5, 6, 7), finest=True)
    facts.tell(2, STEPS, _("Looking for what lies behind"))
    dense = _dense(data, facts.rng)
    kinds = _kinds(rows, scores, found)
    result = {
        "members": rows.num_rows,
        "measures": list(scores),
        "kinds": kinds,
        "tried": [
            {"k": t.k, "silhouette": round(t.silhouette, 3), "stability": round(t.stability, 3)}
            for t in found.tried
        ],
        "is_stable": any(t.k == len(found.sizes) and t.stability >= STABLE for t in found.tried),
        "dense": len(dense.sizes),
        "map": _map(data, scores, found, rng=facts.rng),
        "layer_names": {
            "kind": {kind["code"]: {"noun": "kind_word", "codes": kind["words"]} for kind in kinds}
        },
    }
    facts.tell(3, STEPS, _("Writing"))
    return StudyOutcome(
        result=result,
        readings=[found.reading, found.clarity, _density(dense)],
        layers=_layers(rows, found, [kind["code"] for kind in kinds], facts=facts),
    )


def _dense(data: Floats, rng: np.random.Generator) -> Clusters:
    """Another method's opinion: where members lie densely there are islands."""
    among = data[rng.permutation(len(data))[:DENSE_AMONG]]
    return hdbscan(among, least_members=max(25, len(among) // 50))


def _density(dense: Clusters) -> Reading:
    if len(dense.sizes) < 2:
        return Reading("Seen by density (HDBSCAN) all members are one cloud, with no gap between kinds.")
    return Reading(
        "Seen by density (HDBSCAN) there are {groups} islands; {share:.0%} of the members belong to none.",
        {"groups": len(dense.sizes), "share": float((dense.label < 0).mean())},
    )


def _kinds(rows: pa.Table, scores: dict[str, Floats], found: Clusters) -> list[dict[str, Any]]:
    names = list(scores)
    data = np.column_stack(list(scores.values()))
    together = np.atleast_2d(np.corrcoef(data, rowvar=False))
    alike = {(a, b): float(together[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)}
    spend = np.asarray(rows.column("spend_minor").to_numpy(zero_copy_only=False), dtype=np.float64)
    kinds: list[dict[str, Any]] = []
    for place, size in enumerate(found.sizes):
        inside = found.label == place
        means = dict(zip(names, rounded(data[inside].mean(axis=0)), strict=True))
        words = kind_name(means, alike=alike, taken=frozenset(kind["code"] for kind in kinds))
        kinds.append(
            {
                "code": "+".join(words),
                "words": list(words),
                "members": size,
                "share": round(size / rows.num_rows, 4),
                "revenue_share": round(float(spend[inside].sum() / max(1.0, spend.sum())), 4),
                "means": means,
                "medians": {name: _median(rows, name, inside) for name in names},
            }
        )
    return kinds


def _median(rows: pa.Table, name: str, inside: NDArray[np.bool_]) -> float | None:
    values = np.asarray(rows.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)[inside]
    known = values[~np.isnan(values)]
    return round(float(np.median(known)), 4) if len(known) else None


def _map(
    data: Floats, scores: dict[str, Floats], found: Clusters, *, rng: np.random.Generator
) -> dict[str, Any]:
    """Two factors as axes, and some members as dots on them."""
    names = tuple(scores)
    factors = factor_analysis(data, measures=names, rng=rng, count=2)
    places = factors.scores(data)
    chosen = rng.permutation(len(data))[:DOTS]
    return {
        "axes": [_axis(factors.loadings[:, factor], names) for factor in range(2)],
        "explained": rounded(factors.explained),
        "dots": [[*rounded(places[i], digits=2), int(found.label[i])] for i in chosen],
    }


def _axis(loadings: Floats, names: tuple[str, ...]) -> list[str]:
    """The two measures that an axis is made of most, the sign told by a word."""
    top = np.argsort(-np.abs(loadings))[:2]
    return [f"{names[i]}:{'high' if loadings[i] > 0 else 'low'}" for i in top]


def _layers(rows: pa.Table, found: Clusters, codes: list[str], *, facts: StudyFacts) -> pa.Table:
    count = rows.num_rows
    return pa.table(
        {
            "member_id": rows.column("member_id"),
            "as_of": pa.array([facts.as_of] * count, pa.date32()),
            "scheme": pa.array(["kind"] * count, pa.string()),
            "layer": pa.array([codes[label] for label in found.label], pa.string()),
            "score": pa.nulls(count, pa.float64()),
        }
    ).cast(TABLES["member_layers"].arrow_schema)
