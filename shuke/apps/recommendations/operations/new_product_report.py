"""How products that hardly anybody bought yet would have been found, with intervals."""

from __future__ import annotations

import numpy as np
import polars as pl

from shuke.apps.recommendations.operations.evaluating import EvaluationSettings, figure
from shuke.apps.recommendations.schemas.evaluation import Figure, NewProductsReport
from shuke.science.recommendations.comparison import compare, interval
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.judging_new_products import LIKENESS, judge_new_products


def new_products_report(
    history: History, catalogue: pl.DataFrame, *, settings: EvaluationSettings
) -> NewProductsReport:
    """``catalogue``: see ``judging_new_products``.  Without figures where nobody can be asked."""
    k = 10 if 10 in settings.cutoffs else max(settings.cutoffs)
    found = judge_new_products(history, catalogue, rng=np.random.default_rng(settings.seed), k=k)

    def told(metric: str) -> dict[str, Figure]:
        return {
            name: figure(
                interval(each[metric], rng=np.random.default_rng(settings.seed), draws=settings.draws)
            )
            for name, each in found.each.items()
            if len(each[metric])
        }

    likeness = found.each[LIKENESS]["recall"]
    return NewProductsReport(
        k=found.k,
        days=found.days,
        fresh=found.fresh,
        members=found.members,
        products=found.products,
        never_sold=found.never_sold,
        unknown=found.unknown,
        recall=told("recall"),
        hit=told("hit"),
        difference={
            name: figure(
                compare(
                    each["recall"],
                    likeness,
                    rng=np.random.default_rng(settings.seed),
                    draws=settings.draws,
                ).difference
            )
            for name, each in found.each.items()
            if len(likeness) and name != LIKENESS
        },
    )
