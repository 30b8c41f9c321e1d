"""The lake: one folder of Delta tables, read by snapshot and written by commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from shuke.lake import compaction, erasure, writing
from shuke.lake.engines.duckdb import DuckDBSettings
from shuke.lake.engines.spark import SparkSettings
from shuke.lake.layout import FileList, FileLists, check_hard_links, open_table
from shuke.lake.reading import Snapshot
from shuke.lake.validation import validated
from shuke.lake.writing import TransactionId, WriteResult
from shuke.tables import TABLES, Table

_file_lists = FileLists()


class Lake:
    """The tables under one folder.  Making one does no input or output; use it from any thread."""

    def __init__(
        self,
        root: Path | str,
        *,
        tables: Mapping[str, Table] = TABLES,
        settings: DuckDBSettings | None = None,
    ) -> None:
        self.root = Path(root).absolute()
        self.tables = tables
        self.settings = settings or DuckDBSettings()

    def __repr__(self) -> str:
        return f"Lake({str(self.root)!r})"

    def definition(self, name: str) -> Table:
        """The table's definition.  Raises ``KeyError`` with the known names."""
        try:
            return self.tables[name]
        except KeyError:
            raise KeyError(f"There is no table {name!r}; known are {', '.join(self.tables)}.") from None

    def path(self, name: str) -> Path:
        """The folder of the table."""
        return self.root / self.definition(name).name

    def check(self) -> None:
        """Make sure at start-up that the place is fit.  Raises ``UnfitStorageError``."""
        check_hard_links(self.root)

    def read(
        self, *, versions: Mapping[str, int] | None = None, spark: SparkSettings | None = None
    ) -> Snapshot:
        """A snapshot for one thread, to be used in a ``with`` block.

        ``versions`` asks for older versions of some tables; others are pinned at first use.  With ``spark`` the
        tables are read there instead of by DuckDB; expressions and results are the same.
        """
        return Snapshot(self, versions=versions, spark=spark)

    def file_list(self, name: str, *, version: int | None = None) -> FileList:
        """The Parquet files of the newest (or that) version."""
        if version is None:
            return _file_lists.newest(self.path(name))
        return _file_lists.at_version(self.path(name), version)

    def check_rows(self, name: str, data: Any) -> None:
        """Make sure that the rows fit their table.  Raises ``InvalidRowsError``."""
        validated(self.definition(name), data)

    def append(
        self,
        name: str,
        data: Any,
        *,
        transaction: TransactionId | None = None,
        after: int | None = None,
    ) -> WriteResult:
        """Add rows in one commit; see ``writing.append``."""
        return writing.append(
            self.path(name), self.definition(name), data, transaction=transaction, after=after
        )

    def upsert(
        self,
        name: str,
        data: Any,
        *,
        transaction: TransactionId | None = None,
        after: int | None = None,
    ) -> WriteResult:
        """Add rows or replace those of the same key in one commit; see ``writing.upsert``."""
        return writing.upsert(
            self.path(name), self.definition(name), data, transaction=transaction, after=after
        )

    def replace(
        self,
        name: str,
        data: Any,
        *,
        where: Mapping[str, str | date | int] | None = None,
        transaction: TransactionId | None = None,
    ) -> WriteResult:
        """Put the rows in the place of a partition's in one commit; see ``writing.replace``."""
        return writing.replace(
            self.path(name), self.definition(name), data, where=where or {}, transaction=transaction
        )

    def transaction_version(self, name: str, app_id: str) -> int:
        """The last transaction of that app in the table, 0 if there is none."""
        handle = open_table(self.path(name))
        return 0 if handle is None else writing.newest_transaction(handle, app_id)

    def delete_persons(self, person_keys: Collection[str], *, words: Collection[str] = ()) -> dict[str, int]:
        """Remove these persons' rows from every table with a person_key, and their bytes from disk.

        ``words`` are further texts that the tables' logs must not mention.  Returns the rows removed per table.
        """
        return erasure.delete_rows(self, column="person_key", values=person_keys, words=words)

    def delete_members(self, member_ids: Collection[str]) -> dict[str, int]:
        """Remove these members' rows from every table with a member_id, and their bytes from disk."""
        return erasure.delete_rows(self, column="member_id", values=member_ids)

    def delete_mentions(self, name: str, *, columns: Collection[str], words: Collection[str]) -> int:
        """Remove the rows of a table whose text columns hold one of the words, and their bytes from disk."""
        return erasure.delete_mentions(self, self.definition(name).name, columns=columns, words=words)

    def delete_before(self, name: str, *, column: str, limit: str) -> int:
        """Remove the rows whose date or time (ISO 8601) in the column lies before the limit; returns how many."""
        # A TIMESTAMP literal would be of nanoseconds, which the engine does not compare with ours.
        kind = "DATE " if self.definition(name).column(column).type == "date" else ""
        return erasure.delete_where(self.path(name), f'"{column}" < {kind}{writing.sql_literal(limit)}')

    def delete_days(self, name: str, *, column: str, days: Collection[date]) -> int:
        """Remove the rows whose date in the column is one of the days; returns how many."""
        if not days:
            return 0
        self.definition(name).column(column)
        listed = ", ".join(f"DATE {writing.sql_literal(day.isoformat())}" for day in sorted(days))
        return erasure.delete_where(self.path(name), f'"{column}" IN ({listed})')

    def compact(self, name: str) -> int:
        """Join small files into large ones; returns by how many files the table shrank."""
        return compaction.compact(self.path(name))

    def sort_months(self, name: str, *, before: str) -> int:
        """Sort the months below ``before`` (YYYY-MM) that lie in several files; returns how many."""
        return compaction.sort_months(self.path(name), self.definition(name), before=before)

    def vacuum(self, name: str, *, hours: int = compaction.KEEP_HOURS) -> int:
        """Remove files that no version of the last hours uses; returns how many."""
        return compaction.vacuum(self.path(name), hours=hours)

    def sweep(self) -> int:
        """Remove what killed writers left behind, once it is a day old; returns how many files."""
        return compaction.sweep(self.root)
