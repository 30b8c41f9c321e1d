"""Table ``affinities``: one item of the range beside another, as of one day."""

from shuke.tables.schema import Column, Table

AFFINITIES = Table(
    name="affinities",
    kind="derived",
    grain="one item beside another of the same level as of one day; a pair stands in both directions",
    columns=(
        Column("as_of", "date", "The last business day that was looked at."),
        Column("level", "text", "product category."),
        Column("left", "id", "The product or category that was bought."),
        Column("right", "id", "The one beside it."),
        Column(
            "kind", "text", "complement (bought together) or substitute (bought by the same, not together)."
        ),
        Column("baskets", "int", "Baskets that hold both."),
        Column("support", "float", "Part of all baskets, 0 to 1."),
        Column("confidence", "float", "Part of the baskets with the left one that hold the right one, too."),
        Column("lift", "float", "How many times more often together than by chance."),
        Column("low", "float", "Lower end of the lift's 95 % interval."),
        Column("high", "float", "Upper end of it."),
        Column("p_adjusted", "float", "Chance of a false discovery among all pairs told."),
    ),
    key=("as_of", "level", "left", "right", "kind"),
    partition_by=("as_of",),
    sort_by=("level", "left"),
)
