"""Table ``calendar_days``: one day in one country."""

from shuke.tables.schema import Column, Table

CALENDAR_DAYS = Table(
    name="calendar_days",
    kind="snapshot",
    grain="one day in one country",
    columns=(
        Column("country", "text", "ISO 3166-1 code of two letters."),
        Column("day", "date", "The day."),
        Column("day_kind", "text", "workday weekend holiday makeup_workday."),
        Column(
            "is_day_off",
            "bool",
            "Whether most people are free: a weekend or a holiday, not a make-up workday.",
        ),
        Column("holiday", "text", "Name of the public holiday.", nullable=True),
        Column("holiday_zh", "text", "The same in Chinese, where known.", nullable=True),
        Column("festivals", "id_list", "Codes of lunar festivals and shopping seasons of the day."),
        Column(
            "lunar_month",
            "int",
            "Month of the Chinese lunar calendar; negative in a leap month.",
            nullable=True,
        ),
        Column("lunar_day", "int", "Day of that month.", nullable=True),
        Column(
            "days_off_run", "int", "Length of the run of days off that the day is part of; 0 on a workday."
        ),
        Column("days_to_holiday", "int", "Days until the next public holiday; 0 on one.", nullable=True),
        Column("is_provisional", "bool", "Whether the year's official notice of days off is not in yet."),
        Column("source", "text", "Who says so, with the edition."),
    ),
    key=("country", "day"),
)
