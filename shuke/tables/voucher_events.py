"""Table ``voucher_events``: one step in a voucher's life."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

VOUCHER_EVENTS = Table(
    name="voucher_events",
    kind="fact",
    grain="one step in a voucher's life",
    columns=(
        Column("voucher_id", "id", "The voucher."),
        Column("definition_id", "id", "Its definition."),
        Column("person_key", "id", "Its holder.", nullable=True),
        Column(
            "event", "text", "issued claimed gifted reserved redeemed released returned expired cancelled."
        ),
        Column("order_id", "id", "The order it was used for.", nullable=True),
        Column(
            "amount_minor", "minor", "Money it took off; negative where a return gave it back.", nullable=True
        ),
        Column("occurred_at", "ts", "When."),
        Column("batch_id", "id", "The batch that delivered the row.", nullable=True),
        *BUSINESS_TIME,
    ),
    key=("voucher_id", "event", "occurred_at"),
    partition_by=("local_month",),
    sort_by=("occurred_at",),
)
