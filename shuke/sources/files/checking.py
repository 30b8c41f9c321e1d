"""Checking every cell: good rows go on, bad rows are put aside with the reason, neighbours are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from shuke.sources.cleaning.outliers import Outliers, find_outliers
from shuke.sources.files.fields import PERSON_FIELD_NAMES, Field, FileKind
from shuke.sources.files.notes import Note
from shuke.sources.files.parsing import parse
from shuke.sources.files.profiles import Fill, Profile
from shuke.sources.files.reading import ROW_NO, SourceTable
from shuke.sources.files.reasons import limits, reason

REJECTED_SCHEMA = {
    "row_no": pl.Int64,
    "column": pl.String,
    "code": pl.String,
    "message": pl.String,
    "raw": pl.String,
}
ATTRIBUTE = "attribute:"


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    ``rows``: ``row_no`` and one typed column per field of the kind.  ``rejected``: one row per fault
    (``REJECTED_SCHEMA``), without personal cells.  ``missing`` is the share of empty cells per mapped
    field before filling, ``filled`` the number filled, ``duplicates`` equal rows left out.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    total: int
    duplicates: int
    missing: Mapping[str, float]
    filled: Mapping[str, int]
    outliers: Sequence[Outliers]
    notes: Sequence[Note] = ()

    @property
    def rejected_rows(self) -> int:
        """How many rows were put aside (a row may have several faults)."""
        return self.rejected["row_no"].n_unique()


def check(kind: FileKind, source: SourceTable, profile: Profile, *, at: datetime) -> Checked:
    """Check a whole file against a kind.  The mapping must have passed ``check_mapping``."""
    return _Check(kind, source, profile, at).run()


class _Check:
    def __init__(self, kind: FileKind, source: SourceTable, profile: Profile, at: datetime) -> None:
        self.kind, self.source, self.profile, self.at = kind, source, profile, at
        self.row_no = source.frame[ROW_NO]
        self.is_bad = pl.repeat(value=False, n=source.height, dtype=pl.Boolean, eager=True)
        self.faults: list[pl.DataFrame] = []
        self.missing: dict[str, float] = {}
        self.filled: dict[str, int] = {}

    def run(self) -> Checked:
        columns = {field.name: self._typed(field) for field in self.kind.fields}
        for name, header in self.profile.attributes.items():
            field = Field(ATTRIBUTE + name, "text", name)
            columns[field.name], _errors = self._parsed(field, self.source.column(header))
        rows = pl.DataFrame({"row_no": self.row_no, **{k: v.rename(k) for k, v in columns.items()}})
        self._check_person(rows)
        self._refuse()
        if self.kind.prepare:
            rows = self.kind.prepare(rows)
        good = rows.filter(~self.is_bad) if self.is_bad.any() else rows
        good, duplicates, conflicts = self._without_duplicates(good)
        self._report_ragged()
        faults = [*self.faults, *conflicts]
        return Checked(
            rows=good,
            rejected=self._with_raw(pl.concat(faults)) if faults else pl.DataFrame(schema=REJECTED_SCHEMA),
            total=self.source.height + len(self.source.ragged),
            duplicates=duplicates,
            missing=self.missing,
            filled=self.filled,
            outliers=self._outliers(good),
            notes=self.source.notes,
        )

    def _typed(self, field: Field) -> pl.Series:
        header = self.profile.columns.get(field.name)
        if header is None:
            cells = pl.Series(field.name, [None], dtype=pl.String).new_from_index(0, self.source.height)
        else:
            cells = self.source.column(header)
        values, errors = self._parsed(field, cells)
        is_empty = values.is_null() & errors.is_null()
        if header is not None:
            self.missing[field.name] = int(is_empty.sum()) / max(1, values.len())
        fill = self.profile.fills.get(field.name)
        if fill is not None and values.null_count():
            values = self._fill(field, values, fill)
        if field.is_required and values.null_count():
            self._fault(field.name, "missing", values.is_null() & errors.is_null())
        return values

    def _parsed(self, field: Field, cells: pl.Series) -> tuple[pl.Series, pl.Series]:
        values, errors = parse(cells, field, self.profile, at=self.at)
        if errors.null_count() < errors.len():
            for code in errors.drop_nulls().unique().sort():
                self._fault(field.name, code, (errors == code).fill_null(value=False))
        return values, errors

    def _fill(self, field: Field, values: pl.Series, fill: Fill) -> pl.Series:
        """Fill cells that are empty, never those that are wrong: their rows are put aside anyway."""
        if fill.rule == "most_frequent":
            known = values.drop_nulls()
            filler = known.mode().sort()[0] if known.len() else None
        else:
            text = "0" if fill.rule == "zero" else fill.value
            parsed, errors = parse(pl.Series([text]), field, self.profile, at=self.at)
            filler = None if errors[0] else parsed[0]
        if filler is None:
            return values
        filled = values.fill_null(filler) if values.dtype != pl.Null else values
        self.filled[field.name] = values.null_count() - filled.null_count()
        return filled

    def _fault(self, column: str, code: str, mask: pl.Series) -> None:
        if not mask.any():
            return
        self.is_bad = self.is_bad | mask
        self.faults.append(self._fault_rows(self.row_no.filter(mask), column, code))

    def _fault_rows(self, numbers: pl.Series, column: str, code: str) -> pl.DataFrame:
        shown = self.profile.columns.get(column, "") or column.removeprefix(ATTRIBUTE)
        facts = limits(self.kind, column, code)
        return pl.DataFrame({"row_no": numbers.rename("row_no").cast(pl.Int64)}).with_columns(
            pl.lit(column).alias("column"),
            pl.lit(code).alias("code"),
            pl.lit(reason(code, column=shown, **facts)).alias("message"),
            pl.lit(None, dtype=pl.String).alias("raw"),
        )

    def _check_person(self, rows: pl.DataFrame) -> None:
        if self.kind.person_is_optional or not set(PERSON_FIELD_NAMES) <= set(self.kind.field_names):
            return
        is_nobody = rows.select(pl.all_horizontal(pl.col(list(PERSON_FIELD_NAMES)).is_null())).to_series()
        self._fault("", "missing_person", is_nobody & ~self.is_bad)

    def _refuse(self) -> None:
        """Put aside what the layout refused."""
        for column, code in dict.fromkeys((column, code) for _row, column, code in self.source.faults):
            numbers = [row for row, c, k in self.source.faults if (c, k) == (column, code)]
            self._fault(column, code, self.row_no.is_in(numbers))

    def _report_ragged(self) -> None:
        if self.source.ragged:
            numbers = pl.Series("row_no", self.source.ragged, dtype=pl.Int64)
            self.faults.append(self._fault_rows(numbers, "", "wrong_cell_count"))

    def _without_duplicates(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, int, list[pl.DataFrame]]:
        """Equal rows count once; of rows with one key and different content none can be trusted, the first stays."""
        key = [name for name in self.kind.key if name in rows.columns]
        if not key or rows.select(key).n_unique() == rows.height:
            return rows, 0, []
        content = [name for name in rows.columns if name != "row_no"]
        distinct = rows.unique(subset=content, keep="first", maintain_order=True)
        first = distinct.unique(subset=key, keep="first", maintain_order=True)
        conflicts = distinct.join(first.select("row_no"), on="row_no", how="anti")
        faults = [self._fault_rows(conflicts["row_no"], "", "duplicate")] if conflicts.height else []
        return first, rows.height - distinct.height, faults

    def _with_raw(self, faults: pl.DataFrame) -> pl.DataFrame:
        """Add the row as JSON, of mapped columns that name nobody only."""
        shown = {
            header: str(self.source.headers.index(header))
            for name, header in self.profile.columns.items()
            if not self.kind.field(name).is_personal
        }
        wanted = faults.select("row_no").unique()
        cells = self.source.frame.join(wanted, left_on=ROW_NO, right_on="row_no", how="semi")
        raws = [
            json.dumps(
                {h: str(v)[:200] for h, v in zip(shown, row, strict=True) if v is not None},
                ensure_ascii=False,
            )
            for row in (cells.select(list(shown.values())).iter_rows() if shown else [()] * cells.height)
        ]
        raw = pl.DataFrame({"row_no": cells[ROW_NO], "raw": pl.Series(raws, dtype=pl.String)})
        clean = raw.with_columns(pl.col("raw").str.replace_all("\\u0000", "", literal=True))
        joined = faults.drop("raw").join(clean, on="row_no", how="left")
        return joined.select(list(REJECTED_SCHEMA)).sort("row_no", "column", "code")

    def _outliers(self, rows: pl.DataFrame) -> list[Outliers]:
        found = []
        for field in self.kind.fields:
            if field.type in {"money", "int", "number"} and field.name in self.profile.columns:
                are_counts = field.type == "int"
                outliers = find_outliers(
                    rows[field.name],
                    rows["row_no"],
                    field=field.name,
                    are_counts=are_counts,
                    groups=rows["product_id"] if "product_id" in rows.columns else None,
                )
                if outliers:
                    found.append(outliers)
        return found
