"""Table ``tier_memberships``: a tier of a member from a day on."""

from shuke.tables.schema import Column, Table

TIER_MEMBERSHIPS = Table(
    name="tier_memberships",
    kind="fact",
    grain="one membership of a member in a tier of a programme; the next one by number ends it",
    columns=(
        Column("member_id", "id", "Whose."),
        Column("program_id", "id", "The programme."),
        Column("number", "int", "Counts the memberships of the member in the programme from 1."),
        Column("tier", "text", "Code of the tier; empty for no tier from that day on."),
        Column("from_date", "date", "First business day."),
        Column("through_date", "date", "Last business day, unless another one begins before.", nullable=True),
        Column("why", "text", "qualified kept granted invited grace downgraded merged."),
        Column("version", "int", "Number of the programme's version that decided."),
        Column("count", "int", "What was counted: minor units, orders, points or events."),
        Column("recorded_at", "ts", "When it was decided."),
    ),
    key=("program_id", "member_id", "number"),
)
