"""Table ``products``: one product."""

from shuke.tables.schema import Column, Table

PRODUCTS = Table(
    name="products",
    kind="snapshot",
    grain="one product",
    columns=(
        Column("product_id", "id", "The product."),
        Column("name", "text", "As shown to people."),
        Column("brand", "text", "Brand.", nullable=True),
        Column("department", "text", "First level of the range.", nullable=True),
        Column("category", "text", "Second level.", nullable=True),
        Column("subcategory", "text", "Third level.", nullable=True),
        Column("package_size", "text", "Size as printed.", nullable=True),
        Column("attributes", "json", "Anything else.", nullable=True),
        Column("cost_minor", "minor", "Purchase cost of a piece.", nullable=True),
        Column("shelf_life_days", "int", "Days it keeps.", nullable=True),
        Column("is_active", "bool", "Sold today."),
        Column("batch_id", "id", "The batch that delivered the row."),
    ),
    key=("product_id",),
)
