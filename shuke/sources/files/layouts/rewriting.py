"""From a platform's columns to ours: picked by name, unguarded, hidden values left out, states understood."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from shuke.sources.cleaning.concealment import concealment
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.layouts.layout import Draft, Layout, header_key
from shuke.sources.files.layouts.statuses import READERS
from shuke.sources.files.notes import Note
from shuke.sources.files.reading import ROW_NO, SourceTable

#: What exports write for "nothing", besides an empty cell.
NOTHING = ("-", "--", "—", "null", "NULL", "None", "N/A")
#: Cells that say who the buyer is: hidden values name nobody.
BUYER = ("external", "card", "email", "phone")
RECEIVER = ("receiver_name", "receiver_phone", "receiver_address")
AXES = ("payment_status", "fulfilment_status", "lifecycle_status")
SHOWN_ROWS = 5


def rewrite(layout: Layout, source: SourceTable) -> SourceTable:
    """The file with columns named after the fields of the layout's kind.  Rows keep their numbers."""
    draft = _understood(layout, _without_hidden(picked(layout, source)))
    if layout.finish is not None:
        draft = layout.finish(draft)
    kind = KINDS[layout.kind]
    names = [name for name in kind.field_names if name in draft.rows.columns]
    numbered = draft.rows.select(
        *(pl.col(name).alias(str(place)) for place, name in enumerate(names)),
        pl.col("row_no").cast(pl.Int64).alias(ROW_NO),
    )
    return replace(
        source,
        frame=numbered,
        headers=tuple(names),
        notes=draft.notes,
        faults=draft.faults,
        layout=layout.name,
        settings=draft.settings,
    )


def picked(layout: Layout, source: SourceTable) -> Draft:
    """The columns that the layout knows, each the first of its headers that the row fills."""
    places: dict[str, str] = {}
    for place, header in enumerate(source.headers):
        places.setdefault(header_key(header), str(place))
    columns = {}
    for name, words in layout.columns.items():
        known = [places[header_key(word)] for word in words if header_key(word) in places]
        if known:
            columns[name] = pl.coalesce(*(_cell(place, source.frame) for place in dict.fromkeys(known)))
    rows = source.frame.select(pl.col(ROW_NO).alias("row_no"), **columns)
    return Draft(rows=rows, settings=dict(layout.settings))


def _cell(place: str, frame: pl.DataFrame) -> pl.Expr:
    """Text without blanks and Excel's guards; what means nothing is null."""
    text = pl.col(place).cast(pl.String, strict=False).str.strip_chars(" \t\r\n\u3000\ufeff'`\"")
    # A look at the first letters tells whether the slow pattern is needed at all.
    if frame[place].cast(pl.String, strict=False).str.starts_with('="').any():
        text = text.str.replace('^="?(.*)$', "$1").str.strip_chars(" \t'\"")
    return pl.when((text != "") & ~text.is_in(list(NOTHING))).then(text)


def _without_hidden(draft: Draft) -> Draft:
    """Buyers without masked values and ciphers; receivers keep masks, which a parcel label shows too."""
    rows, notes = draft.rows, list(draft.notes)
    is_hidden = pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True)
    for name in (*BUYER, *RECEIVER):
        if name not in rows.columns:
            continue
        kinds = _concealments(rows[name])
        hides = kinds.is_not_null() if name in BUYER else kinds == "cipher"
        if name in BUYER:
            is_hidden = is_hidden | hides.fill_null(value=False)
        rows = rows.with_columns(pl.when(~hides.fill_null(value=False)).then(pl.col(name)).alias(name))
    if is_hidden.any():
        notes.append(note("hidden_buyer", "", rows["row_no"].filter(is_hidden)))
    return replace(draft, rows=rows, notes=tuple(notes))


def _concealments(cells: pl.Series) -> pl.Series:
    found = {text: concealment(text) for text in cells.drop_nulls().unique().to_list()}
    return cells.replace_strict(found, default=None, return_dtype=pl.String)


def note(code: str, column: str, numbers: pl.Series) -> Note:
    """A note on these rows."""
    return Note(code, column, numbers.len(), tuple(numbers.head(SHOWN_ROWS).to_list()))


def _understood(layout: Layout, draft: Draft) -> Draft:
    """The three states out of the words of the status columns; all words stay in ``status_raw``."""
    words = [name for name in layout.status if name in draft.rows.columns]
    if not words or layout.status_words == "none":
        return draft
    reader = READERS[layout.status_words]
    said = pl.concat_str(
        *(pl.col(name).fill_null("") if name in words else pl.lit("") for name in layout.status),
        separator="|",
    )
    rows = draft.rows.with_columns(said.alias("__said"))
    distinct = [text for text in rows["__said"].unique().to_list() if text.strip("|")]
    axes = {text: reader(text) for text in distinct}
    for place, name in enumerate(AXES):
        values = {text: found[place] for text, found in axes.items() if found}
        state = pl.col("__said").replace_strict(values, default=None, return_dtype=pl.String)
        rows = rows.with_columns(state.alias(name))
    unknown = [text for text, found in axes.items() if found is None]
    notes = draft.notes
    if unknown:
        notes = (
            *notes,
            note("unknown_status", "status_raw", rows.filter(pl.col("__said").is_in(unknown))["row_no"]),
        )
    raw = pl.concat_str(*(pl.col(name) for name in words), separator=" / ", ignore_nulls=True)
    rows = rows.with_columns(pl.when(raw != "").then(raw).alias("status_raw")).drop("__said")
    return replace(draft, rows=rows, notes=notes)
