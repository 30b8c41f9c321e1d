"""Table ``points_entries``: what a posting of the points ledger gave to a member or took."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

POINTS_ENTRIES = Table(
    name="points_entries",
    kind="fact",
    grain="one entry of a points transaction on an account of the programme (a copy of the ledger's)",
    columns=(
        Column("entry_id", "id", "The transaction and the account."),
        Column("txn_id", "id", "The points transaction."),
        Column("member_id", "id", "Whose wallet; a merged member's rows keep its own id."),
        Column("points_type", "text", "Code of the currency: points, growth …"),
        Column("kind", "text", "earn commit expire give_back claw_back adjust transfer_out merge_in …"),
        Column("account", "text", "issued redeemed breakage clawback adjustment transfer."),
        Column(
            "points",
            "int",
            "What the member got (above zero) or gave; all rows sum to what is owed to members.",
        ),
        Column(
            "expires_at", "ts", "When the first of the points it made end; empty for never.", nullable=True
        ),
        Column("source", "text", "What caused it, such as an order's id."),
        Column("effective_at", "ts", "When it counts."),
        *BUSINESS_TIME,
    ),
    key=("entry_id",),
    partition_by=("local_month",),
    sort_by=("member_id", "effective_at"),
)
