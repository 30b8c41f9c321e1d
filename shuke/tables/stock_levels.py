"""Table ``stock_levels``: how much of a product lies where, as a system last said."""

from shuke.tables.schema import Column, Table

STOCK_LEVELS = Table(
    name="stock_levels",
    kind="snapshot",
    grain="one product at one place of one account",
    columns=(
        Column("channel_account_id", "id", "The account whose system counts it."),
        Column(
            "location_id", "id", "The warehouse or store; `default` where the system knows one place only."
        ),
        Column("product_id", "id", "The product."),
        Column("on_hand", "int", "Pieces that lie there; negative where more was sold than counted."),
        Column("reserved", "int", "Pieces of these that are promised to open orders."),
        Column("sellable", "int", "on_hand - reserved, computed here: systems disagree on the word."),
        Column("incoming", "int", "Pieces on their way.", nullable=True),
        Column("observed_at", "ts", "When the system said so."),
        Column("batch_id", "id", "The batch that delivered the row."),
    ),
    key=("channel_account_id", "location_id", "product_id"),
)
