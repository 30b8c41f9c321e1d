"""The lake: where facts, dimension snapshots and derived tables lie as open Delta tables.

lake = Lake(root)
with lake.read() as snapshot:
    snapshot.table("orders").count().to_pyarrow()
lake.append("orders", rows)
"""

from shuke.lake.engines.duckdb import DuckDBSettings
from shuke.lake.errors import InvalidRows, LakeError, UnfitStorage, UnreadableTable, WriteConflict
from shuke.lake.lake import Lake
from shuke.lake.reading import Snapshot
from shuke.lake.writing import TransactionId, WriteResult

__all__ = [
    "DuckDBSettings",
    "InvalidRows",
    "Lake",
    "LakeError",
    "Snapshot",
    "TransactionId",
    "UnfitStorage",
    "UnreadableTable",
    "WriteConflict",
    "WriteResult",
]
