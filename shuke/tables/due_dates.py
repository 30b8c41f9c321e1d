"""Table ``due_dates``: when one member needs the next one of a category, as of one day."""

from shuke.tables.schema import Column, Table

DUE_DATES = Table(
    name="due_dates",
    kind="derived",
    grain="one member and one category as of one day",
    columns=(
        Column("member_id", "id", "The member."),
        Column("as_of", "date", "The last business day that was looked at."),
        Column("category", "text", "What is bought again and again."),
        Column("last_date", "date", "Last business day with such a purchase."),
        Column("cycle_days", "float", "Days from one purchase to the next that are expected of the member."),
        Column("due_date", "date", "The day on which the next one is expected."),
        Column("earliest", "date", "First day of the interval that holds half of the next purchases."),
        Column("latest", "date", "Last day of it."),
        Column("purchases", "int", "Days with such a purchase that this is learnt from."),
    ),
    key=("member_id", "category", "as_of"),
    partition_by=("as_of",),
    sort_by=("category", "due_date"),
)
