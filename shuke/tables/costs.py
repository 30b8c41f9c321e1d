"""Table ``costs``: one cost of a campaign or channel."""

from shuke.tables.schema import Column, Table

COSTS = Table(
    name="costs",
    kind="fact",
    grain="one cost of a campaign or channel",
    columns=(
        Column("cost_id", "id", "The cost."),
        Column("campaign_id", "id", "The campaign it belongs to.", nullable=True),
        Column("channel", "text", "The channel it belongs to.", nullable=True),
        Column("kind", "text", "message, media, voucher, creative …"),
        Column("amount_minor", "minor", "Money spent."),
        Column("currency", "text", "ISO 4217 code."),
        Column("incurred_on", "date", "Business date."),
        Column("batch_id", "id", "The batch that delivered the row.", nullable=True),
    ),
    key=("cost_id",),
)
