"""Reading products and how they sell."""

from datetime import date, timedelta
from typing import Any

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from shuke.apps.commerce.schemas import MonthOfSales, ProductRow, ProductView
from shuke.lake import Snapshot
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.persons import current_identity

WINDOW_DAYS = 365

#: How the list can be sorted: name of the order → column.
SORTS = {"revenue": "revenue_minor", "quantity": "quantity", "buyers": "buyers", "name": "name"}


def products_page(
    *,
    today: date,
    search: str = "",
    department: str = "",
    sort: str = "revenue",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[ProductRow], int]:
    """Products with their sales of the last 365 days, best first; and how many match in all.

    ``search`` looks in the name, brand, categories and id, without regard to case.
    """
    with lake().read() as snapshot:
        found = _matching(snapshot.table("products"), search=search, department=department)
        total = int(found.count().to_pyarrow().as_py())
        sold = _sales_by_product(snapshot, since=today - timedelta(days=WINDOW_DAYS))
        joined = found.left_join(sold, "product_id").select(
            *[column for column in found.columns if column != "product_id"],
            id=found.product_id,
            quantity=sold.quantity.fill_null(0),
            revenue_minor=sold.revenue_minor.fill_null(0),
            buyers=sold.buyers.fill_null(0),
        )
        column = SORTS.get(sort, "revenue_minor")
        first = joined[column].asc() if column == "name" else joined[column].desc()
        part = joined.order_by([first, joined.id.asc()]).limit(limit, offset=offset)
        rows = part.to_pyarrow().to_pylist()
    return [ProductRow(**row) for row in rows], total


def departments() -> list[str]:
    """The departments that have products, by name."""
    with lake().read() as snapshot:
        products = snapshot.table("products")
        names = (
            products.filter(products.department.notnull())
            .select("department")
            .distinct()
            .order_by("department")
        )
        return [row["department"] for row in names.to_pyarrow().to_pylist()]


def product(product_id: str) -> ProductView:
    """One product with its sales by month.  Raises ``NotFound``."""
    currency = retailer().currency
    with lake().read() as snapshot:
        products = snapshot.table("products")
        row = _one(products.filter(products.product_id == product_id).limit(1))
        if row is None:
            raise NotFound("product_not_found", _("There is no such product."))
        lines = _sold_lines(snapshot, product_id)
        months = _months(snapshot, lines)
        whole = _one(_whole(snapshot, lines)) or {}
    return ProductView(id=product_id, currency=currency, months=months, **(_described(row) | whole))


def _one(table: ir.Table) -> dict[str, Any] | None:
    rows = table.to_pyarrow().to_pylist()
    return rows[0] if rows else None


def _described(row: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "brand", "department", "category", "subcategory", "package_size", "is_active")
    return {name: row[name] for name in names}


def _matching(products: ir.Table, *, search: str, department: str) -> ir.Table:
    if department:
        products = products.filter(products.department == department)
    for word in search.casefold().split():
        columns = ("name", "brand", "department", "category", "subcategory", "product_id")
        hits = [products[column].fill_null("").lower().contains(word) for column in columns]
        products = products.filter(ibis.or_(*hits))
    return products


def _sales_by_product(snapshot: Snapshot, *, since: date) -> ir.Table:
    """Quantity, revenue and buyers per product from a business day on, of lines as they were bought."""
    lines = snapshot.table("order_lines")
    recent = lines.filter((lines.local_date > ibis.literal(since)) & ~lines.is_gift)
    return _summed(recent, snapshot, by=("product_id",))


def _with_buyer(lines: ir.Table, snapshot: Snapshot) -> ir.Table:
    """The lines with the member who bought them; anonymous sales stay, without one."""
    owner = current_identity(snapshot.table("identity_map")).select("person_key", "member_id")
    return lines.left_join(owner, "person_key").drop("person_key_right")


def _summed(lines: ir.Table, snapshot: Snapshot, *, by: tuple[str, ...]) -> ir.Table:
    owned = _with_buyer(lines, snapshot)
    return owned.group_by(list(by)).agg(
        quantity=owned.quantity.sum(), revenue_minor=owned.paid_minor.sum(), buyers=owned.member_id.nunique()
    )


def _sold_lines(snapshot: Snapshot, product_id: str) -> ir.Table:
    lines = snapshot.table("order_lines")
    return lines.filter((lines.product_id == product_id) & ~lines.is_gift)


def _months(snapshot: Snapshot, lines: ir.Table) -> list[MonthOfSales]:
    summed = _summed(lines, snapshot, by=("local_month",)).order_by("local_month")
    rows = summed.to_pyarrow().to_pylist()
    return [MonthOfSales(month=row.pop("local_month"), **row) for row in rows]


def _whole(snapshot: Snapshot, lines: ir.Table) -> ir.Table:
    """Sales ever: quantity, revenue, buyers, those of them who bought on more than one day, discount share."""
    owned = _with_buyer(lines, snapshot)
    owned = owned.mutate(is_discounted=((owned.discount_minor + owned.voucher_minor) > 0).cast("int64"))
    per_buyer = owned.group_by("member_id").agg(
        quantity=owned.quantity.sum(),
        revenue_minor=owned.paid_minor.sum(),
        days=owned.local_date.nunique(),
        discounted=owned.is_discounted.sum(),
        lines=owned.count(),
    )
    return per_buyer.agg(
        quantity=per_buyer.quantity.sum().fill_null(0),
        revenue_minor=per_buyer.revenue_minor.sum().fill_null(0),
        buyers=per_buyer.member_id.count(),
        repeat_buyers=(per_buyer.days > 1).sum().fill_null(0),
        discount_share=per_buyer.discounted.sum() / per_buyer.lines.sum().nullif(0),
    )
