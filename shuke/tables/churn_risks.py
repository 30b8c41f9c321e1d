"""Table ``churn_risks``: how likely one member is to buy nothing for a while, as of one day."""

from shuke.tables.schema import Column, Table

CHURN_RISKS = Table(
    name="churn_risks",
    kind="derived",
    grain="one member who ever bought as of one day",
    columns=(
        Column("member_id", "id", "The member."),
        Column("as_of", "date", "The last business day that was looked at."),
        Column("horizon_days", "int", "How many days ahead."),
        Column("probability", "float", "Chance that the member buys nothing in these days, 0 to 1."),
        Column("silence_ratio", "float", "Days since the last order over the member's own cycle."),
        Column("reason_1", "text", "What speaks most for it: a code.", nullable=True),
        Column("reason_2", "text", "The next reason.", nullable=True),
        Column("reason_3", "text", "The next reason.", nullable=True),
    ),
    key=("member_id", "as_of"),
    partition_by=("as_of",),
    sort_by=("member_id",),
)
