"""Table ``order_lines``: one line of an order."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

ORDER_LINES = Table(
    name="order_lines",
    kind="fact",
    grain="one line of an order",
    columns=(
        Column("order_id", "id", "The order."),
        Column("line_no", "int", "1, 2, 3 … within the order."),
        Column("person_key", "id", "The buyer's identifier key."),
        Column("placed_at", "ts", "When the buyer ordered."),
        Column("sales_channel", "text", "Where it was sold."),
        Column("store_id", "id", "Store of a physical sale.", nullable=True),
        Column("product_id", "id", "The product."),
        Column("sku", "id", "The variant, where there is one.", nullable=True),
        Column("quantity", "int", "Whole pieces."),
        Column("list_minor", "minor", "List price × quantity."),
        Column("discount_minor", "minor", "Shelf and loyalty discounts, as a positive amount."),
        Column("voucher_minor", "minor", "Voucher discounts, as a positive amount."),
        Column("paid_minor", "minor", "What the buyer paid for the line."),
        Column("currency", "text", "ISO 4217 code of every amount of the row."),
        Column("is_gift", "bool", "Given without payment."),
        Column("batch_id", "id", "The batch that delivered the row."),
        *BUSINESS_TIME,
    ),
    key=("order_id", "line_no"),
    partition_by=("local_month",),
    sort_by=("person_key", "placed_at"),
)
