"""What a cluster does beyond expressions, for one snapshot: Python over partitions, and ALS."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from shuke.lake.engines.spark_als import AlsSettings, ClusterFactors, implicit_als
from shuke.lake.engines.spark_partitions import PARTITIONS, Kernel, mapped

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


#: Lines that lie in a worker's memory at a time, as Arrow and as the arrays that are made of them: some 300 MB.
ROWS = 1_000_000


@dataclass(frozen=True)
class SparkWork:
    """``backend``: the connection of a snapshot that was opened with ``spark=``."""

    backend: Any
    als: AlsSettings = AlsSettings()  # noqa: RUF009 - frozen

    @property
    def told(self) -> dict[str, float]:
        """How ALS is fitted, as a bundle says it of itself."""
        blocks = self.als.blocks or self.backend.session.sparkContext.defaultParallelism
        return {**asdict(self.als), "blocks": blocks}

    def spread(self, rows: int) -> None:
        """Shuffle from now on into so many partitions that each holds about ``ROWS``; never into fewer than before."""
        settings = self.backend.session.conf
        parts = max(int(settings.get(PARTITIONS)), -(-rows // ROWS))
        settings.set(PARTITIONS, str(parts))

    def mapped(self, rows: ir.Table, kernel: Kernel, *, by: str, schema: pa.Schema) -> pa.Table:
        """See ``spark_partitions.mapped``."""
        return mapped(self.backend, rows, kernel, by=by, schema=schema)

    def factorised(self, ratings: ir.Table, *, items: int, seed: int) -> ClusterFactors:
        """See ``spark_als.implicit_als``."""
        return implicit_als(self.backend, ratings, items=items, settings=replace(self.als, seed=seed))
