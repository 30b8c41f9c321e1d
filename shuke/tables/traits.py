"""Table ``traits``: one member as of one day."""

from shuke.tables.schema import Column, Table

TRAITS = Table(
    name="traits",
    kind="derived",
    grain="one member as of one day",
    columns=(
        Column("member_id", "id", "The member."),
        Column("as_of", "date", "The last business day that was looked at."),
        Column("member_since", "date", "Joining day, else the first order's.", nullable=True),
        Column("first_order_date", "date", "First order.", nullable=True),
        Column("last_order_date", "date", "Last order.", nullable=True),
        Column("recency_days", "int", "Days since the last order.", nullable=True),
        Column("frequency", "int", "Orders in the window."),
        Column("monetary_minor", "minor", "Paid in the window, after refunds."),
        Column("orders_total", "int", "Orders ever."),
        Column("spend_total_minor", "minor", "Paid ever, after refunds."),
        Column("average_order_minor", "minor", "Paid per order in the window.", nullable=True),
        Column("recency_score", "int", "1 (long ago) to 5 (just now).", nullable=True),
        Column("frequency_score", "int", "1 (seldom) to 5 (often).", nullable=True),
        Column("monetary_score", "int", "1 (little) to 5 (much).", nullable=True),
        Column("rfm_segment", "text", "Name of the segment.", nullable=True),
        Column(
            "purchase_cycle_days",
            "float",
            "Median days between the member's own shopping days.",
            nullable=True,
        ),
        Column("lifecycle_stage", "text", "prospect new active loyal at_risk lost."),
        Column("favourite_department", "text", "Where most money goes.", nullable=True),
        Column("favourite_category", "text", "Where most money goes.", nullable=True),
        Column("favourite_store", "text", "Where most orders are placed.", nullable=True),
        Column("favourite_weekday", "int", "1 Monday to 7 Sunday.", nullable=True),
        Column("favourite_hour", "int", "Hour of most orders.", nullable=True),
        Column("preferred_channel", "text", "Sales channel of most orders.", nullable=True),
        Column(
            "discount_share",
            "float",
            "Share of the window's lines bought on discount, 0 to 1.",
            nullable=True,
        ),
        Column("currency", "text", "ISO 4217 code of the amounts.", nullable=True),
    ),
    key=("member_id", "as_of"),
    partition_by=("as_of",),
    sort_by=("member_id",),
)
