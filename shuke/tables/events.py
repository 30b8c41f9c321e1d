"""Table ``events``: one behaviour, in Segment's words."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

EVENTS = Table(
    name="events",
    kind="fact",
    grain="one behaviour, in Segment's words",
    columns=(
        Column("message_id", "id", "The sender's id of the event."),
        Column("source", "text", "The source that delivered it."),
        Column("type", "text", "track page screen identify group alias."),
        Column("name", "text", "Name of the event or page."),
        Column("person_key", "id", "Who did it."),
        Column("anonymous_id", "id", "Device or browser.", nullable=True),
        Column("occurred_at", "ts", "When it happened."),
        Column("received_at", "ts", "When we got it."),
        Column("properties", "json", "What the event says.", nullable=True),
        Column("context", "json", "Where it came from.", nullable=True),
        *BUSINESS_TIME,
    ),
    key=("source", "message_id"),
    partition_by=("local_month",),
    sort_by=("person_key", "occurred_at"),
)
