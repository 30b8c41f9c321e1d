"""Apache Spark over the same file lists, for lakes that one machine cannot read.

``pyspark`` is an optional extra (``pip install shuke[spark]``) and needs Java 17.  Spark never writes
the lake: it has no Delta library here, so results are written with ``Lake``.  Every worker must see the
files under the same path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shuke.lake.errors import LakeError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from shuke.lake.layout import FileList
    from shuke.tables import Table


class SparkMissingError(LakeError):
    """Spark was asked for and is not installed."""


def connect(master: str = "local[2]") -> Any:
    """An Ibis backend on a Spark session in UTC.  Raises ``SparkMissingError`` without pyspark."""
    try:
        import ibis
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkMissingError(
            "Reading with Spark needs the extra: pip install 'shuke[spark]', and Java 17."
        ) from error
    # Otherwise the workers run the machine's own Python, which lacks our packages.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master(master)
        .appName("shuke")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "16")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    return ibis.pyspark.connect(session)


def register(backend: Any, table: Table, files: FileList, *, path: Path) -> ir.Table:
    """Show the files of one version as a temporary view, and return it as an expression.

    The view stays at that version; register it again in every job.
    """
    session = backend._session
    schema = ", ".join(f"`{f.name}` {_sql_type(str(f.type))}" for f in table.arrow_schema)
    if files.files:
        frame = session.read.schema(schema).option("basePath", str(path)).parquet(*files.files)
    else:
        frame = session.createDataFrame([], schema)
    frame.select(*table.column_names).createOrReplaceTempView(table.name)
    return backend.table(table.name)


def _sql_type(arrow_type: str) -> str:
    if arrow_type.startswith("list"):
        return "array<string>"
    return {
        "string": "string",
        "int64": "bigint",
        "double": "double",
        "bool": "boolean",
        "date32[day]": "date",
        "timestamp[us, tz=UTC]": "timestamp",
    }[arrow_type]
