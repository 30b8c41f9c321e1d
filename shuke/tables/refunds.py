"""Table ``refunds``: one refund line."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

REFUNDS = Table(
    name="refunds",
    kind="fact",
    grain="one refund line",
    columns=(
        Column("refund_id", "id", "Unique: <channel account>:<refund number>."),
        Column("order_id", "id", "The refunded order."),
        Column("line_no", "int", "The refunded line; 0 for an amount without a line."),
        Column("person_key", "id", "The buyer's identifier key."),
        Column("refunded_at", "ts", "When it was refunded."),
        Column("quantity", "int", "Pieces returned."),
        Column("amount_minor", "minor", "Money given back, as a positive amount."),
        Column("currency", "text", "ISO 4217 code."),
        Column("reason", "text", "Why.", nullable=True),
        Column("batch_id", "id", "The batch that delivered the row."),
        *BUSINESS_TIME,
    ),
    key=("refund_id", "line_no"),
    partition_by=("local_month",),
    sort_by=("person_key", "refunded_at"),
)
