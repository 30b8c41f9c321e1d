"""Table ``recommendation_lists``: one answer of a slot."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

RECOMMENDATION_LISTS = Table(
    name="recommendation_lists",
    kind="fact",
    grain="one answer of a slot",
    columns=(
        Column("list_id", "id", "The answer; a shop sends it back as list_id of its events."),
        Column("slot", "id", "Code of the slot."),
        Column("slot_version", "int", "Which of its set-ups answered."),
        Column("bundle_id", "id", "The bundle that was served; empty where there was none.", nullable=True),
        Column("experiment_id", "id", "The experiment in which strategies compete.", nullable=True),
        Column("arm", "text", "The arm of the slot."),
        Column("strategy", "text", "The strategy that the arm chose."),
        Column("strategy_chance", "float", "Chance that the arm chose it; 1 where nothing was drawn."),
        Column("fallback", "text", "The step of the ladder that answered instead; empty for none."),
        Column("person_key", "id", "Who was asked for; empty for a stranger.", nullable=True),
        Column("anonymous_id", "id", "Device or browser, where one was told.", nullable=True),
        Column("listed_at", "ts", "When it was answered."),
        Column("product_ids", "id_list", "The products, first place first."),
        Column("explored_place", "int", "Place that chance filled, from 1.", nullable=True),
        Column("explored_chance", "float", "Chance of the product on it.", nullable=True),
        Column(
            "context",
            "text",
            "Store or segment for which products were tried out; empty for everywhere.",
            nullable=True,
        ),
        Column(
            "product_chances",
            "json",
            "Chance to be on the list, of each product that was tried out.",
            nullable=True,
        ),
        *BUSINESS_TIME,
    ),
    key=("list_id",),
    partition_by=("local_month",),
    sort_by=("slot", "listed_at"),
)
