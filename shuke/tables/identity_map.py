"""Table ``identity_map``: one identifier's member from a moment on."""

from shuke.tables.schema import Column, Table

IDENTITY_MAP = Table(
    name="identity_map",
    kind="fact",
    grain="one identifier's member from a moment on",
    columns=(
        Column("person_key", "id", "The identifier's key."),
        Column("member_id", "id", "The member; the newest row counts."),
        Column("kind", "text", "external, card, email, phone …"),
        Column("valid_from", "ts", "From when."),
        Column("draw", "int", "Fixed pseudo-random number of the member, 0 to 2^31-1, for random shares."),
    ),
    key=("person_key", "valid_from"),
)
