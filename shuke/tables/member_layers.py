"""Table ``member_layers``: which layer of a scheme one member is in as of one day."""

from shuke.tables.schema import Column, Table

MEMBER_LAYERS = Table(
    name="member_layers",
    kind="derived",
    grain="one member in one scheme as of one day",
    columns=(
        Column("member_id", "id", "The member."),
        Column("as_of", "date", "The last business day that was looked at."),
        Column("scheme", "text", "What the members are divided by: rfm, lifecycle, value, need, churn …"),
        Column("layer", "text", "The layer's stable code within the scheme."),
        Column("score", "float", "The number that put the member there, if there is one.", nullable=True),
    ),
    key=("member_id", "scheme", "as_of"),
    # A study replaces its own scheme's day and gets in no other study's way.
    partition_by=("scheme", "as_of"),
    sort_by=("member_id",),
)
