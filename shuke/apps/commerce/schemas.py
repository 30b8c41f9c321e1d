"""What others see of goods and sales.  Amounts are minor units of ``currency``."""

from datetime import date, datetime

from ninja import Schema


class ProductRow(Schema):
    """One product of the list with its sales over the window."""

    id: str
    name: str
    brand: str | None
    department: str | None
    category: str | None
    subcategory: str | None
    package_size: str | None
    is_active: bool
    quantity: int
    revenue_minor: int
    buyers: int


class MonthOfSales(Schema):
    """Sales of a product in a month (YYYY-MM)."""

    month: str
    quantity: int
    revenue_minor: int
    buyers: int


class ProductView(Schema):
    """One product with its sales ever, by month."""

    id: str
    name: str
    brand: str | None
    department: str | None
    category: str | None
    subcategory: str | None
    package_size: str | None
    is_active: bool
    quantity: int
    revenue_minor: int
    buyers: int
    repeat_buyers: int
    discount_share: float | None
    currency: str
    months: list[MonthOfSales]


class OrderRow(Schema):
    """One order of a list; ``net_minor`` is paid less refunded."""

    id: str
    placed_at: datetime
    local_date: date
    sales_channel: str
    store_id: str | None
    payment_status: str
    lifecycle_status: str
    currency: str
    paid_minor: int
    refunded_minor: int
    net_minor: int


class LineView(Schema):
    """One line of an order."""

    line_no: int
    product_id: str
    product_name: str | None
    quantity: int
    list_minor: int
    discount_minor: int
    voucher_minor: int
    paid_minor: int
    is_gift: bool


class RefundView(Schema):
    """One refund line of an order."""

    refund_id: str
    line_no: int
    refunded_at: datetime
    quantity: int
    amount_minor: int
    reason: str | None


class Receiver(Schema):
    """Who gets the parcel of an order; ``person_key`` is the buyer's."""

    order_id: str
    person_key: str
    name: str = ""
    phone: str = ""
    address: str = ""


class OrderView(Schema):
    """One order whole."""

    id: str
    member_id: str | None
    placed_at: datetime
    sales_channel: str
    store_id: str | None
    payment_status: str
    fulfilment_status: str
    lifecycle_status: str
    currency: str
    goods_minor: int
    discount_merchant_minor: int
    discount_platform_minor: int
    shipping_minor: int
    tax_minor: int
    paid_minor: int
    refunded_minor: int
    voucher_codes: list[str]
    lines: list[LineView]
    refunds: list[RefundView]
    receiver: Receiver | None = None


class StoreRow(Schema):
    """One store with its sales over the window."""

    id: str
    name: str
    sales_channel: str
    region: str | None
    orders: int
    revenue_minor: int
