"""Fields that files of orders share, and what orders and lines are made of."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from shuke.sources.files.business_time import business_time
from shuke.sources.files.fields import Field, ShapeContext
from shuke.sources.files.kinds.stores import STORE_WORDS

#: A line or order above this is a typing error in every currency with cents (ten million).
MAX_MONEY = 10**9

ORDER_NO = Field(
    "order_no",
    "id",
    "Order number",
    is_required=True,
    max_length=120,
    words=(
        "order",
        "order id",
        "order number",
        "basket id",
        "transaction id",
        "receipt no",
        "receipt number",
        "ticket no",
        "invoice no",
        "订单",
        "订单号",
        "订单编号",
        "订单id",
        "交易号",
        "小票号",
        "单号",
        "流水号",
    ),
)
LINE_NO = Field(
    "line_no",
    "int",
    "Line number",
    minimum=1,
    maximum=1_000_000,
    words=("line", "line number", "line id", "row no", "item line", "position", "行号", "明细行号", "序号"),
)
PLACED_AT = Field(
    "placed_at",
    "time",
    "Time of the order",
    is_required=True,
    words=(
        "ordered at",
        "order time",
        "order date",
        "transaction timestamp",
        "transaction time",
        "transaction date",
        "timestamp",
        "date",
        "datetime",
        "purchase date",
        "created at",
        "sale time",
        "下单时间",
        "订单时间",
        "订单创建时间",
        "交易时间",
        "消费时间",
        "销售时间",
        "日期",
        "时间",
        "下单日期",
    ),
)
STORE_ID = Field("store_id", "id", "Store number", words=STORE_WORDS, max_length=120)
PRODUCT_ID = Field(
    "product_id",
    "id",
    "Product number",
    is_required=True,
    max_length=120,
    words=(
        "product",
        "product no",
        "item",
        "item id",
        "article",
        "upc",
        "ean",
        "barcode",
        "goods id",
        "商品编号",
        "商品id",
        "商品编码",
        "货号",
        "条码",
        "商品条码",
    ),
)


def _money(
    name: str, label: str, words: tuple[str, ...], *, is_absolute: bool = False, minimum: int = 0
) -> Field:
    return Field(
        name, "money", label, words=words, minimum=minimum, maximum=MAX_MONEY, is_absolute=is_absolute
    )


LINE_FIELDS: tuple[Field, ...] = (
    PRODUCT_ID,
    Field("sku", "id", "Variant (SKU)", words=("variant", "sku id", "规格编码"), max_length=120),
    Field(
        "product_name",
        "text",
        "Product name",
        words=("item name", "商品名称", "商品标题", "宝贝标题", "品名"),
    ),
    Field(
        "quantity",
        "int",
        "Quantity",
        minimum=0,
        maximum=10_000_000,
        words=("qty", "units", "pieces", "count", "数量", "购买数量", "件数", "销售数量"),
    ),
    _money("unit_price", "Unit price", ("price", "list price", "单价", "原价", "吊牌价", "售价")),
    _money(
        "list_amount",
        "Amount at list price",
        ("list", "gross amount", "gross", "原价金额", "应付金额", "商品金额"),
    ),
    _money(
        "discount",
        "Discount",
        ("discount amount", "retail disc", "markdown", "优惠", "优惠金额", "折扣", "折扣金额"),
        is_absolute=True,
    ),
    _money(
        "voucher",
        "Voucher amount",
        ("voucher amount", "coupon", "coupon amount", "coupon disc", "券金额", "优惠券金额", "券抵扣"),
        is_absolute=True,
    ),
    _money(
        "paid",
        "Amount paid",
        (
            "paid amount",
            "sales value",
            "net amount",
            "amount",
            "line total",
            "revenue",
            "sales",
            "total",
            "实付",
            "实付金额",
            "成交金额",
            "销售金额",
            "金额",
            "实收金额",
        ),
        # Tills write coupons and returned deposits as lines of their own, which take money off.
        minimum=-MAX_MONEY,
    ),
    Field("is_gift", "bool", "Gift", words=("gift", "free gift", "赠品", "是否赠品")),
)

_PAYMENT = {
    "pending": ("pending", "unpaid", "待付款", "未付款"),
    "authorized": ("authorized", "authorised"),
    "paid": ("paid", "success", "已付款", "已支付", "交易成功"),
    "partially_refunded": ("partially_refunded", "partially refunded", "部分退款"),
    "refunded": ("refunded", "已退款", "全额退款"),
    "void": ("void", "voided", "failed", "已作废"),
}
_FULFILMENT = {
    "unfulfilled": ("unfulfilled", "未发货", "待发货"),
    "partial": ("partial", "部分发货"),
    "shipped": ("shipped", "fulfilled", "已发货"),
    "delivered": ("delivered", "已签收", "已收货"),
    "picked_up": ("picked_up", "picked up", "已自提"),
}
_LIFECYCLE = {
    "open": ("open", "进行中"),
    "completed": ("completed", "complete", "closed", "done", "已完成", "交易完成"),
    "cancelled": ("cancelled", "canceled", "已取消", "交易关闭", "已关闭"),
}


def _choices(words: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {spelling: value for value, spellings in words.items() for spelling in spellings}


STATUS_FIELDS: tuple[Field, ...] = (
    Field(
        "payment_status",
        "choice",
        "Payment status",
        choices=_choices(_PAYMENT),
        words=("financial status", "付款状态", "支付状态"),
    ),
    Field(
        "fulfilment_status",
        "choice",
        "Fulfilment status",
        choices=_choices(_FULFILMENT),
        words=("fulfillment status", "shipping status", "发货状态", "物流状态"),
    ),
    Field(
        "lifecycle_status",
        "choice",
        "Order status",
        choices=_choices(_LIFECYCLE),
        words=("order status", "订单状态"),
    ),
    Field("status_raw", "text", "Status as written", words=("status", "状态", "原始状态"), max_length=120),
    Field("paid_at", "time", "Time of payment", words=("payment time", "付款时间", "支付时间")),
    Field(
        "completed_at",
        "time",
        "Time of completion",
        words=("completion time", "finished at", "完成时间", "交易完成时间"),
    ),
    Field(
        "cancelled_at", "time", "Time of cancellation", words=("cancellation time", "取消时间", "关闭时间")
    ),
)

AMOUNT_FIELDS: tuple[Field, ...] = (
    _money(
        "platform_discount", "Discount borne by the platform", ("平台优惠", "平台优惠金额"), is_absolute=True
    ),
    _money("shipping", "Shipping", ("shipping fee", "freight", "postage", "运费", "邮费")),
    _money("tax", "Tax", ("tax amount", "vat", "税", "税费", "税额")),
    _money(
        "merchant_received",
        "Received by the merchant",
        ("payout", "settlement amount", "商家实收", "结算金额"),
    ),
    Field(
        "points_spent",
        "int",
        "Points used",
        minimum=0,
        maximum=10**9,
        words=("points", "points used", "使用积分", "积分抵扣"),
    ),
    Field(
        "voucher_codes",
        "text",
        "Voucher codes",
        words=("coupon code", "coupon codes", "voucher code", "券码", "优惠券码"),
    ),
)


#: Who gets the parcel: never the buyer's identity, kept encrypted beside the order, never in the lake.
RECEIVER_FIELDS: tuple[Field, ...] = (
    Field(
        "receiver_name",
        "text",
        "Receiver's name",
        is_personal=True,
        max_length=120,
        words=("recipient", "recipient name", "consignee", "收货人", "收货人姓名", "收件人", "收件人姓名"),
    ),
    Field(
        "receiver_phone",
        "text",
        "Receiver's phone",
        is_personal=True,
        max_length=60,
        words=(
            "recipient phone",
            "收货人手机",
            "收货人手机号",
            "收货人电话",
            "收件人手机",
            "收件人手机号",
            "收件人电话",
        ),
    ),
    Field(
        "receiver_address",
        "text",
        "Receiver's address",
        is_personal=True,
        max_length=500,
        words=("shipping address", "delivery address", "收货地址", "详细收货地址", "收件地址", "收件人地址"),
    ),
)
REFUNDED_AMOUNT = _money(
    "refunded_amount", "Given back so far", ("amount refunded", "已退款金额", "退款金额"), is_absolute=True
)
#: What stands once per order although every line repeats it.
ORDER_TOTAL_FIELDS: tuple[Field, ...] = (
    _money("order_paid", "Amount paid for the whole order", ("order total", "订单实付金额", "订单总金额")),
    _money(
        "order_discount", "Discount on the whole order", ("order discount", "订单优惠金额"), is_absolute=True
    ),
    REFUNDED_AMOUNT,
)


def global_order_id(context: ShapeContext, column: str = "order_no") -> pl.Expr:
    """``<channel account>:<order number>``, unique over all accounts."""
    return (pl.lit(context.account_id + ":") + pl.col(column)).alias("order_id")


def line_amounts() -> list[pl.Expr]:
    """The four amounts of a line, such that list - discount - voucher = paid wherever a part is missing.

    A missing quantity is one piece.  List falls back to unit price × quantity, then to the sum of the others.
    """
    quantity = pl.col("quantity").fill_null(1)
    discount, voucher = pl.col("discount").fill_null(0), pl.col("voucher").fill_null(0)
    by_price = pl.col("unit_price") * quantity
    listed = pl.coalesce(pl.col("list_amount"), by_price, pl.col("paid") + discount + voucher)
    return [
        quantity.alias("quantity"),
        listed.alias("list_minor"),
        discount.alias("discount_minor"),
        voucher.alias("voucher_minor"),
        pl.coalesce(pl.col("paid"), pl.max_horizontal(listed - discount - voucher, pl.lit(0))).alias(
            "paid_minor"
        ),
        pl.col("is_gift").fill_null(value=False),
    ]


def order_columns(context: ShapeContext) -> list[pl.Expr]:
    """What every order row carries besides its amounts, from columns of the file's names."""
    is_cancelled = pl.col("cancelled_at").is_not_null() | (pl.col("lifecycle_status") == "cancelled")
    return [
        pl.lit(context.sales_channel).alias("sales_channel"),
        pl.lit(context.account_id).alias("channel_account_id"),
        pl.col("payment_status").fill_null("paid"),
        pl.col("fulfilment_status").fill_null(
            "picked_up" if context.sales_channel == "store" else "delivered"
        ),
        pl.when(is_cancelled.fill_null(value=False))
        .then(pl.lit("cancelled"))
        .otherwise(pl.col("lifecycle_status").fill_null("completed"))
        .alias("lifecycle_status"),
        pl.lit(context.currency).alias("currency"),
        pl.lit(context.source).alias("source"),
        pl.lit(context.batch_id).alias("batch_id"),
        pl.col("platform_discount").fill_null(0).alias("discount_platform_minor"),
        pl.col("shipping").fill_null(0).alias("shipping_minor"),
        pl.col("tax").fill_null(0).alias("tax_minor"),
        pl.col("merchant_received").alias("merchant_received_minor"),
        pl.col("points_spent").fill_null(0),
        pl.col("voucher_codes")
        .str.split(",")
        .list.eval(pl.element().str.strip_chars())
        .alias("voucher_codes"),
        *business_time("placed_at", context.business_zone),
    ]
