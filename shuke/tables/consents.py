"""Table ``consents``: one decision of a member about a channel and purpose."""

from shuke.tables.schema import Column, Table

CONSENTS = Table(
    name="consents",
    kind="fact",
    grain="one decision of a member about a channel and purpose",
    columns=(
        Column("member_id", "id", "Whose."),
        Column("channel", "text", "Message channel."),
        Column("purpose", "text", "marketing, service …"),
        Column("state", "text", "granted or withdrawn; the newest counts."),
        Column("decided_at", "ts", "When."),
        Column("source", "text", "Where it was given."),
    ),
    key=("member_id", "channel", "purpose", "decided_at"),
)
