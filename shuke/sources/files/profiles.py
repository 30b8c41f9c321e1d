"""How one source writes its files: which column is what, in which zone, unit and spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

AmountUnit = Literal["major", "minor"]
DateOrder = Literal["ymd", "dmy", "mdy"]
DecimalMark = Literal[".", ","]
Fractions = Literal["reject", "one_piece"]
FillRule = Literal["constant", "most_frequent", "zero"]


@dataclass(frozen=True)
class Fill:
    """What an empty cell becomes: a constant, the column's most frequent value, or zero."""

    rule: FillRule
    value: str = ""


@dataclass(frozen=True)
class Profile:
    """Everything that reading a file of one source depends on besides the file.

    ``columns`` maps a field to the header of its column, ``attributes`` an attribute's name to its
    header (members and products only).  ``time_zone`` is where naive times were written,
    ``business_zone`` where the retailer's days begin.  ``decimals`` is the number of decimals of
    ``currency``.  ``fractions`` says what a quantity such as 0.453 (weighed goods) becomes.
    """

    columns: Mapping[str, str]
    time_zone: str
    business_zone: str
    currency: str
    decimals: int = 2
    attributes: Mapping[str, str] = field(default_factory=dict)
    amount_unit: AmountUnit = "major"
    decimal_mark: DecimalMark = "."
    date_order: DateOrder = "ymd"
    fractions: Fractions = "reject"
    fills: Mapping[str, Fill] = field(default_factory=dict)
    encoding: str = "auto"
    separator: str = "auto"

    def __post_init__(self) -> None:
        for value, allowed, what in (
            (self.amount_unit, AmountUnit, "amount_unit"),
            (self.decimal_mark, DecimalMark, "decimal_mark"),
            (self.date_order, DateOrder, "date_order"),
            (self.fractions, Fractions, "fractions"),
        ):
            if value not in get_args(allowed):
                raise ValueError(f"{what} must be one of {', '.join(get_args(allowed))}, not {value!r}.")


def profile_from(settings: Mapping[str, Any], **defaults: Any) -> Profile:
    """A profile from stored JSON: unknown names are ignored, missing ones come from ``defaults``.

    Raises ``ValueError`` for a value that is not allowed.
    """
    known = set(Profile.__dataclass_fields__)
    values = {**defaults, **{k: v for k, v in settings.items() if k in known and v is not None and v != ""}}
    fills = {
        name: rule if isinstance(rule, Fill) else Fill(rule=rule["rule"], value=str(rule.get("value", "")))
        for name, rule in dict(values.get("fills") or {}).items()
    }
    for name, rule in fills.items():
        if rule.rule not in get_args(FillRule):
            raise ValueError(f"The rule for missing values of {name} must be one of {get_args(FillRule)}.")
    values["fills"] = fills
    values["columns"] = {name: header for name, header in dict(values.get("columns") or {}).items() if header}
    return Profile(**values)
