"""What the lake knows of products in a basket."""

from collections.abc import Iterable
from dataclasses import dataclass

from shuke.platform.warehouse import lake


@dataclass(frozen=True)
class Goods:
    """A product: where it belongs, and the list price of one piece as it sells (minor units, or ``None``)."""

    name: str
    department: str = ""
    category: str = ""
    brand: str = ""
    unit_minor: int | None = None


def goods_of(product_ids: Iterable[str], *, with_prices: bool = False) -> dict[str, Goods]:
    """The products that are known, by id."""
    wanted = sorted({product_id for product_id in product_ids if product_id})
    if not wanted:
        return {}
    with lake().read() as snapshot:
        products = snapshot.table("products")
        columns = ("product_id", "name", "department", "category", "brand")
        rows = products.filter(products.product_id.isin(wanted)).select(*columns).to_pyarrow().to_pylist()
        prices: dict[str, int] = {}
        if with_prices:
            lines = snapshot.table("order_lines")
            sold = lines.filter(lines.product_id.isin(wanted) & ~lines.is_gift & (lines.quantity > 0))
            sums = sold.group_by("product_id").agg(pieces=sold.quantity.sum(), money=sold.list_minor.sum())
            for row in sums.to_pyarrow().to_pylist():
                # Goods that are sold by a measure, such as fuel, have no price of a piece.
                if unit := int(row["money"]) // int(row["pieces"]):
                    prices[row["product_id"]] = unit
    return {
        row["product_id"]: Goods(
            name=row["name"] or row["product_id"],
            department=row["department"] or "",
            category=row["category"] or "",
            brand=row["brand"] or "",
            unit_minor=prices.get(row["product_id"]),
        )
        for row in rows
    }
