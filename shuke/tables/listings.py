"""Table ``listings``: one product as a platform knows it."""

from shuke.tables.schema import Column, Table

LISTINGS = Table(
    name="listings",
    kind="snapshot",
    grain="one product as a platform knows it",
    columns=(
        Column("channel_account_id", "id", "The shop account that lists it."),
        Column("external_product_id", "id", "The platform's number of the product."),
        Column(
            "external_sku_id", "id", "The platform's number of the variant; the product's if it has none."
        ),
        Column("product_id", "id", "The product that it is."),
        Column("sku", "id", "The merchant's own code on the platform.", nullable=True),
        Column("confidence", "float", "How sure it is that product, 0 to 1; 1 where the platform says so."),
        Column("batch_id", "id", "The batch that delivered the row."),
    ),
    key=("channel_account_id", "external_product_id", "external_sku_id"),
)
