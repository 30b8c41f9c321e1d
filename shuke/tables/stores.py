"""Table ``stores``: one store or platform shop."""

from shuke.tables.schema import Column, Table

STORES = Table(
    name="stores",
    kind="snapshot",
    grain="one store or platform shop",
    columns=(
        Column("store_id", "id", "The store."),
        Column("sales_channel", "text", "store, web, tmall …"),
        Column("name", "text", "Name."),
        Column("region", "text", "Region.", nullable=True),
        Column("latitude", "float", "Degrees north.", nullable=True),
        Column("longitude", "float", "Degrees east.", nullable=True),
        Column("batch_id", "id", "The batch that delivered the row."),
    ),
    key=("store_id",),
)
