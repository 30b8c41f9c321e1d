"""Apache Spark over the same file lists, for lakes that one machine cannot read.

``pyspark`` is an optional extra (``pip install shuke[spark]``) and needs Java 17.  Spark never writes
the lake: it has no Delta library here, so results are written with ``Lake``.  Every worker must see the
files under the same path.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import ibis.expr.operations as ops

from shuke.lake.errors import LakeError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from shuke.lake.layout import FileList
    from shuke.tables import Table


STACK = "-Xss16m"
LOOPBACK = ("127.0.0.1", "localhost")


class SparkMissingError(LakeError):
    """Spark was asked for and is not installed."""


class UnreachableMasterError(LakeError):
    """No application could be started on the master."""


class OtherMasterError(LakeError):
    """This process already runs an application on another master; a process has one."""


@dataclass(frozen=True)
class SparkSettings:
    """Where the application runs and what it may use.

    ``master`` is ``local[2]`` or ``spark://host:7077``; ``driver_host`` the name under which workers reach this
    process, by default what Spark finds, and loopback for a master on this machine; ``shuffle_partitions`` about two
    per core; ``options`` any further setting of Spark.
    """

    master: str = "local[2]"
    driver_host: str | None = None
    shuffle_partitions: int = 16
    options: Mapping[str, str] = field(default_factory=dict)


def connect(settings: SparkSettings) -> Any:
    """An Ibis backend on a session of its own in UTC; sessions of a process share one application.

    Raises ``SparkMissingError`` without pyspark, ``OtherMasterError`` if the application runs elsewhere, and
    ``UnreachableMasterError`` (Spark tries for a minute).
    """
    try:
        from pyspark.sql import SparkSession

        from shuke.lake.engines.spark_backend import LakeBackend
    except ImportError as error:
        raise SparkMissingError(
            "Reading with Spark needs the extra: pip install 'shuke[spark]', and Java 17."
        ) from error
    # Otherwise the workers run the machine's own Python, which lacks our packages.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # The bridge to Java tells of every connection it opens and closes.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    builder = SparkSession.builder.master(settings.master).appName("shuke")
    for name, value in _with_deep_stacks({**_options(settings), **settings.options}).items():
        builder = builder.config(name, value)
    application = _started(builder, settings.master)
    running = application.sparkContext.master
    if running != settings.master:
        raise OtherMasterError(
            f"This process already runs on the Spark master {running}. Use that one, call stop() before, or "
            f"start another process for {settings.master}."
        )
    # A session of its own keeps the names of this snapshot's views from those of others.
    LakeBackend.register_options()
    backend = LakeBackend()
    backend.do_connect(application.newSession())
    return backend


def _started(builder: Any, master: str) -> Any:
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkException) as error:
        raise UnreachableMasterError(
            f"No application could be started on the Spark master {master}. Look whether it runs and whether this "
            "machine may reach it; what Spark says stands in the log."
        ) from error


def stop() -> None:
    """End this process's application, if there is one, and give its executors back."""
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession() or SparkSession._instantiatedSession
    if session is not None:
        session.stop()


def register(backend: Any, table: Table, files: FileList, *, path: Path) -> ir.Table:
    """Show the files of one version as a temporary view of the table's name, and return it as an expression.

    The view stays at that version.  Columns that the table gained after a file was written are empty in it.
    """
    session = backend._session
    if files.files:
        schema = ", ".join(f"`{f.name}` {_sql_type(str(f.type))}" for f in table.arrow_schema)
        frame = session.read.schema(schema).option("basePath", str(path)).parquet(*files.files)
    else:
        # Made in the engine: a frame of Python's rows would start Python on every worker.
        frame = session.range(0).selectExpr(
            *(f"CAST(NULL AS {_sql_type(str(f.type))}) AS `{f.name}`" for f in table.arrow_schema)
        )
    frame.select(*table.column_names).createOrReplaceTempView(table.name)
    # Built from the known schema, so that an expression has the same types as on DuckDB.
    return ops.DatabaseTable(table.name, schema=table.ibis_schema, source=backend).to_expr()


def _options(settings: SparkSettings) -> dict[str, str]:
    is_here = settings.master.startswith("local") or urlsplit(settings.master).hostname in LOOPBACK
    host = settings.driver_host or ("127.0.0.1" if is_here else None)
    address = {"spark.driver.host": host, "spark.driver.bindAddress": host} if host else {}
    return {
        **address,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _with_deep_stacks(options: dict[str, str]) -> dict[str, str]:
    """Each iteration of ALS makes the plan of the next one deeper; reading fifteen overflows the usual stack."""
    for name in ("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions"):
        if "-Xss" not in options.get(name, ""):
            options[name] = f"{options.get(name, '')} {STACK}".strip()
    return options


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
