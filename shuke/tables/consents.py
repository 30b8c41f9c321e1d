"""Table ``consents``: one decision of a member about a brand, channel and purpose."""

from shuke.tables.schema import Column, Table

CONSENTS = Table(
    name="consents",
    kind="fact",
    grain="one decision of a member about a brand, channel and purpose, or its correction",
    columns=(
        Column("member_id", "id", "Whose."),
        Column("channel", "text", "Message channel."),
        Column("purpose", "text", "marketing, service …"),
        Column(
            "state",
            "text",
            "granted or withdrawn, the newest counts; void takes a row of the same instant back.",
        ),
        Column("decided_at", "ts", "When."),
        Column("source", "text", "Where it was given."),
        Column("brand", "text", "Brand; empty for all brands of the retailer."),
        Column("recorded_at", "ts", "When we learned of it: of one instant the row recorded last counts."),
    ),
    key=("member_id", "brand", "channel", "purpose", "decided_at", "recorded_at"),
)
