"""Table ``exposures``: one assignment of a person to an arm."""

from shuke.tables.schema import BUSINESS_TIME, Column, Table

EXPOSURES = Table(
    name="exposures",
    kind="fact",
    grain="one assignment of a person to an arm",
    columns=(
        Column("experiment_id", "id", "The experiment."),
        Column("campaign_id", "id", "The campaign it belongs to.", nullable=True),
        Column("person_key", "id", "Who was assigned."),
        Column("arm", "text", "Name of the arm; 'control' is the control group."),
        Column("assigned_at", "ts", "When."),
        Column("eligible_at", "ts", "From when outcomes count."),
        Column("is_randomised", "bool", "Whether chance decided the arm."),
        *BUSINESS_TIME,
    ),
    key=("experiment_id", "person_key"),
    partition_by=("local_month",),
    sort_by=("person_key", "assigned_at"),
)
