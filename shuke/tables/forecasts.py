"""Table ``forecasts``: what was forecast of one item for one period, kept to be judged when the period has come."""

from shuke.tables.schema import Column, Table

FORECASTS = Table(
    name="forecasts",
    kind="derived",
    grain="one item and one period to come, as forecast on one day",
    columns=(
        Column("as_of", "date", "The day of the study."),
        Column("origin_date", "date", "The last business day whose sales were known to the forecast."),
        Column("item", "id", "The item: its level and keys in one, the same in every study."),
        Column("level", "text", "total channel store department category product."),
        Column("department", "text", "Department of the item.", nullable=True),
        Column("category", "text", "Category of the item.", nullable=True),
        Column("product_id", "id", "The product.", nullable=True),
        Column("store_id", "id", "The store.", nullable=True),
        Column("sales_channel", "text", "The sales channel.", nullable=True),
        Column("is_rest", "bool", "Whether it stands for what its parent sells beside the items named."),
        Column("measure", "text", "What is forecast: paid_minor (money) or quantity (pieces)."),
        Column("period_start", "date", "First day of the period that is forecast."),
        Column("step_days", "int", "Length of the period in days."),
        Column("horizon", "int", "How many periods after the origin: 1 is the next."),
        Column(
            "method",
            "text",
            "seasonal_naive ses theta ets mfles croston tsb imapa global; mean for young items.",
        ),
        Column("mean", "float", "Forecast; forecasts of parts add up to that of the whole."),
        Column("low", "float", "Lower end of the interval."),
        Column("high", "float", "Upper end of the interval."),
        Column("coverage", "float", "The part of intervals that was to hold the sales, 0 to 1."),
        Column("naive", "float", "What repeating the newest season would have said."),
        Column("currency", "text", "ISO 4217 code where money is forecast.", nullable=True),
    ),
    key=("as_of", "item", "period_start"),
    partition_by=("as_of",),
    sort_by=("item", "period_start"),
)
