"""Python over the partitions of an expression on Spark: whole groups go in, Arrow comes home.

For what no expression can say: lists of members by the same NumPy code that makes them on one machine.  Every worker
needs the same Python and the same packages as this process, Shuke among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.types as ir

#: How many partitions a session shuffles into.
PARTITIONS = "spark.sql.shuffle.partitions"
Kernel = Callable[[pa.Table], pa.Table]


def mapped(backend: Any, rows: ir.Table, kernel: Kernel, *, by: str, schema: pa.Schema) -> pa.Table:
    """What ``kernel`` gives for each partition of ``rows``, one table; in no order.

    All rows with the same ``by`` are in one partition, of which there are as many as the session shuffles into
    (``SparkSettings.shuffle_partitions``); one at a time lies in a worker's memory.  ``kernel`` is sent once to each
    worker, with all that it holds: make it of arrays, not of what belongs to this process.  No rows, no call.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    session = backend.session
    shared = session.sparkContext.broadcast(kernel)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if any(batch.num_rows for batch in held):
            yield from shared.value(pa.Table.from_batches(held)).cast(schema).to_batches()

    parts = int(session.conf.get(PARTITIONS))
    try:
        frame = backend.frame(rows).repartition(parts, by)
        found: pa.Table = frame.mapInArrow(work, from_arrow_schema(schema)).toArrow()
        return found.cast(schema)
    finally:
        shared.destroy()
