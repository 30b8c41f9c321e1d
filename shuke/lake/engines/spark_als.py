"""Implicit ALS (Hu, Koren and Volinsky 2008) by pyspark.ml, for matrices that one machine cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.operations as ops
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class AlsSettings:
    """``regularisation`` is multiplied by the number of a row's ratings (Zhou et al. 2008), as Spark does; ``blocks``:
    one for each core of the cluster if None."""

    factors: int = 64
    regularisation: float = 0.01
    iterations: int = 15
    blocks: int | None = None
    seed: int = 1


@dataclass(frozen=True, eq=False)
class ClusterFactors:
    """``items``: float32, items × factors, here; ``members``: an expression of ``member, factors``, on the cluster."""

    items: np.ndarray
    members: ir.Table


def implicit_als(backend: Any, ratings: ir.Table, *, items: int, settings: AlsSettings) -> ClusterFactors:
    """Factors of ``member, item`` (whole numbers below 2^31; items from 0) with ``rating`` > 0: confidence 1 + rating.

    An item without ratings has factors of zero; a member without has no row.  The same rows, seed and blocks give the
    same factors but for the last digits, which depend on the order in which the workers' sums arrive.
    """
    from pyspark.ml.recommendation import ALS

    blocks = settings.blocks or backend.session.sparkContext.defaultParallelism
    model = ALS(
        rank=settings.factors,
        maxIter=settings.iterations,
        regParam=settings.regularisation,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        implicitPrefs=True,
        alpha=1.0,
        nonnegative=False,
        coldStartStrategy="drop",
        seed=settings.seed,
        userCol="member",
        itemCol="item",
        ratingCol="rating",
    ).fit(backend.frame(ratings))
    found = np.zeros((items, settings.factors), dtype=np.float32)
    home: pa.Table = model.itemFactors.toArrow()
    if home.num_rows:
        flat = home["features"].combine_chunks().flatten().to_numpy()
        found[home["id"].to_numpy()] = flat.reshape(home.num_rows, settings.factors)
    return ClusterFactors(found, _view(backend, model.userFactors))


def _view(backend: Any, frame: Any) -> ir.Table:
    name = ibis.util.gen_name("shuke_factors")
    frame.selectExpr("id AS member", "features AS factors").createOrReplaceTempView(name)
    schema = ibis.schema({"member": "int32", "factors": "array<float32>"})
    return ops.DatabaseTable(name, schema=schema, source=backend).to_expr()
