"""Table ``member_attributes``: one thing a person said or we know, without direct identifiers."""

from shuke.tables.schema import Column, Table

MEMBER_ATTRIBUTES = Table(
    name="member_attributes",
    kind="fact",
    grain="one thing a person said or we know, without direct identifiers",
    columns=(
        Column("person_key", "id", "Whose."),
        Column("attribute", "text", "Its name: age_group, city, birthday (MM-DD) …"),
        Column("value", "text", "Its value as text."),
        Column("observed_at", "ts", "When it was observed; the newest counts."),
        Column("source", "text", "Who says so."),
    ),
    key=("person_key", "attribute", "observed_at"),
)
