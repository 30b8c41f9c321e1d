"""Table ``rejected_rows``: one row that could not be taken."""

from shuke.tables.schema import Column, Table

REJECTED_ROWS = Table(
    name="rejected_rows",
    kind="fact",
    grain="one row that could not be taken",
    columns=(
        Column("batch_id", "id", "The batch."),
        Column("table", "text", "The table it was meant for."),
        Column("row_no", "int", "Row of the file, 1 = first data row."),
        Column("column", "text", "The column at fault; empty for the whole row."),
        Column("code", "text", "Short name of the reason."),
        Column("message", "text", "The reason and how to mend it."),
        Column("raw", "json", "The row without direct identifiers.", nullable=True),
        Column("rejected_at", "ts", "When."),
    ),
    key=("batch_id", "table", "row_no", "column", "code"),
)
