"""Reading: one snapshot sees one version of each table, however often it is asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shuke.lake.engines import duckdb as duckdb_engine
from shuke.lake.engines import spark as spark_engine
from shuke.lake.engines.spark import SparkSettings
from shuke.lake.errors import MisusedSnapshotError

if TYPE_CHECKING:
    from types import TracebackType

    import ibis.expr.types as ir

    from shuke.lake.lake import Lake
    from shuke.lake.layout import FileList


class Snapshot:
    """A connection on which every table is pinned to the version of its first use.

    Use it in a ``with`` block, in one thread.  Other processes may append, compact and vacuum
    (keeping seven days) meanwhile; the snapshot does not see it.
    """

    def __init__(
        self, lake: Lake, *, versions: Mapping[str, int] | None = None, spark: SparkSettings | None = None
    ) -> None:
        self._lake = lake
        self._spark = spark
        self._wanted = dict(versions or {})
        self._pins: dict[str, FileList] = {}
        self._tables: dict[str, ir.Table] = {}
        self._backend: Any = None
        self._thread = threading.get_ident()
        self._is_closed = False

    def table(self, name: str) -> ir.Table:
        """The table as an Ibis expression with the columns of ``TABLES[name]``.

        A table that was never written has no rows.  Raises ``KeyError`` for an unknown name.
        """
        self._check()
        if name not in self._tables:
            self._tables[name] = self._register(name)
        return self._tables[name]

    def version(self, name: str) -> int | None:
        """The version that this snapshot sees, ``None`` if the table was never written."""
        self._check()
        return self._pin(name).version

    def files(self, name: str) -> tuple[str, ...]:
        """The Parquet files of the version that this snapshot sees."""
        self._check()
        return self._pin(name).files

    @property
    def connection(self) -> Any:
        """The Ibis backend: memtables, ``to_pyarrow``, ``to_polars``, ``sql``."""
        self._check()
        if self._backend is None:
            if self._spark is None:
                self._backend = duckdb_engine.connect(self._lake.settings)
            else:
                self._backend = spark_engine.connect(self._spark)
        return self._backend

    def close(self) -> None:
        """Give the connection back.  The snapshot cannot be used afterwards."""
        if self._backend is not None:
            if self._spark is None:
                duckdb_engine.disconnect(self._backend)
            else:
                self._backend.disconnect()
            self._backend = None
        self._tables.clear()
        self._is_closed = True

    def __enter__(self) -> Snapshot:
        self._check()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _register(self, name: str) -> ir.Table:
        definition, files = self._lake.definition(name), self._pin(name)
        if self._spark is None:
            return duckdb_engine.register(self.connection, definition, files)
        return spark_engine.register(self.connection, definition, files, path=self._lake.path(name))

    def _pin(self, name: str) -> FileList:
        if name not in self._pins:
            self._pins[name] = self._lake.file_list(name, version=self._wanted.get(name))
        return self._pins[name]

    def _check(self) -> None:
        if self._is_closed:
            raise MisusedSnapshotError("This snapshot has ended. Read inside its `with` block.")
        if threading.get_ident() != self._thread:
            raise MisusedSnapshotError(
                "A snapshot belongs to the thread that opened it. Open one in each thread: "
                "`with lake.read() as snapshot`."
            )
