"""Table ``lifetime_values``: what one member is expected to be worth, as of one day."""

from shuke.tables.schema import Column, Table

LIFETIME_VALUES = Table(
    name="lifetime_values",
    kind="derived",
    grain="one member who ever bought as of one day",
    columns=(
        Column("member_id", "id", "The member."),
        Column("as_of", "date", "The last business day that was looked at."),
        Column("horizon_days", "int", "How many days ahead."),
        Column("expected_orders", "float", "Days with an order that are expected within the horizon."),
        Column(
            "probability_alive",
            "float",
            "Chance that the member still buys; missing where the data do not tell who has left.",
            nullable=True,
        ),
        Column("value_minor", "minor", "Expected spend within the horizon, discounted to the day."),
        Column("low_minor", "minor", "In one future of ten the member spends less than this."),
        Column("high_minor", "minor", "In one future of ten the member spends more than this."),
        Column("currency", "text", "ISO 4217 code of the amounts."),
        Column("model", "text", "The model that the hold-out chose."),
    ),
    key=("member_id", "as_of"),
    partition_by=("as_of",),
    sort_by=("member_id",),
)
