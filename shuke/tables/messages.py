"""Table ``messages``: one delivery event of one message."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

MESSAGES = Table(
    name="messages",
    kind="fact",
    grain="one delivery event of one message",
    columns=(
        Column("message_id", "id", "The message."),
        Column("campaign_id", "id", "The campaign that sent it.", nullable=True),
        Column("journey_id", "id", "The journey that sent it.", nullable=True),
        Column("channel", "text", "email, sms, console …"),
        Column("person_key", "id", "The addressee."),
        Column(
            "event",
            "text",
            "queued sent delivered opened clicked replied bounced complained unsubscribed suppressed failed uncertain.",
        ),
        Column("reason", "text", "Why it bounced or was suppressed.", nullable=True),
        Column("occurred_at", "ts", "When."),
        Column("url", "text", "The link that was clicked.", nullable=True),
        Column("is_machine", "bool", "Opened or clicked by a scanner, not a person."),
        *BUSINESS_TIME,
    ),
    key=("message_id", "event", "occurred_at"),
    partition_by=("local_month",),
    sort_by=("person_key", "occurred_at"),
)
