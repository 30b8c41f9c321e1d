"""The lake: where facts, dimension snapshots and derived tables lie as open Delta tables.

lake = Lake(root)
with lake.read() as snapshot:
    snapshot.table("orders").count().to_pyarrow()
lake.append("orders", rows)
"""

from shuke.lake.engines.duckdb import DuckDBSettings
from shuke.lake.engines.spark import SparkSettings
from shuke.lake.errors import (
    InvalidRowsError,
    LakeError,
    UnfitStorageError,
    UnreadableTableError,
    WriteConflictError,
)
from shuke.lake.lake import Lake
from shuke.lake.reading import Snapshot
from shuke.lake.writing import TransactionId, WriteResult

__all__ = [
    "DuckDBSettings",
    "InvalidRowsError",
    "Lake",
    "LakeError",
    "Snapshot",
    "SparkSettings",
    "TransactionId",
    "UnfitStorageError",
    "UnreadableTableError",
    "WriteConflictError",
    "WriteResult",
]
