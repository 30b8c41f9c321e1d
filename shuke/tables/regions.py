"""Table ``regions``: one subdivision of a country."""

from shuke.tables.schema import Column, Table

REGIONS = Table(
    name="regions",
    kind="snapshot",
    grain="one subdivision of a country, of the first or second level",
    columns=(
        Column("region_id", "id", "ISO 3166-2 code; below China's provinces CN- and the GB/T 2260 code."),
        Column("country", "text", "ISO 3166-1 code of two letters."),
        Column("level", "int", "1 a province or state, 2 a part of one."),
        Column("parent_id", "id", "The region it is part of.", nullable=True),
        Column("name", "text", "Name in Latin letters."),
        Column("name_zh", "text", "Official Chinese name, for China.", nullable=True),
        Column("short_zh", "text", "Chinese name without the word for what it is.", nullable=True),
        Column("kind", "text", "province, city, state, department …"),
        Column("latitude", "float", "Degrees north of its middle.", nullable=True),
        Column("longitude", "float", "Degrees east of its middle.", nullable=True),
        Column("source", "text", "Who says so, with the edition."),
    ),
    key=("region_id",),
)
