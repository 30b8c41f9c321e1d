"""The demonstration year as files on disk, with the mapping that a person would have chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from shuke.demo.people import person
from shuke.sources.completejourney import FRAMES, Year
from shuke.sources.completejourney.frames import CURRENCY, ZONE

_PERSON = {"external": "household_id"}

#: Kind of file → (field → header).  The headers are those of the frames.
COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "members": _PERSON
        | {
            "email": "email",
            "name": "name",
            "joined_on": "joined_on",
            "language": "language",
            "age_group": "age_group",
            "income_group": "income",
            "household_size": "household_size",
            "consent_email": "consent",
            "consent_console": "consent",
        },
        "stores": {"store_id": "store_id", "name": "name", "sales_channel": "sales_channel"},
        "products": {
            "product_id": "product_id",
            "name": "name",
            "brand": "brand",
            "department": "department",
            "category": "category",
            "subcategory": "subcategory",
            "package_size": "package_size",
        },
        "orders": _PERSON
        | {
            "order_no": "order_id",
            "line_no": "line_no",
            "placed_at": "placed_at",
            "store_id": "store_id",
            "product_id": "product_id",
            "quantity": "quantity",
            "list_amount": "list",
            "discount": "discount",
            "voucher": "voucher",
            "paid": "paid",
        },
        "campaign_history": _PERSON
        | {
            name: name
            for name in (
                "campaign_code",
                "campaign_name",
                "channel",
                "arm",
                "assigned_at",
                "starts_on",
                "ends_on",
                "is_randomised",
            )
        },
        "voucher_history": _PERSON
        | {name: name for name in ("voucher_id", "definition_id", "event", "occurred_at")},
    }
)
#: Member attributes that have no field of their own.
ATTRIBUTES = ("home_owner", "marital_status", "household_comp", "kids_count", "birthday")


@dataclass(frozen=True)
class DemoFile:
    """A file to import and how: ``settings`` are those of an import profile."""

    kind: str
    path: Path
    rows: int
    settings: Mapping[str, object]


def write_files(year: Year, folder: Path) -> Iterator[DemoFile]:
    """Write the files one by one, in the order in which they are imported."""
    for kind, frame in FRAMES.items():
        rows = with_people(frame(year)) if kind == "members" else frame(year)
        path = folder / f"{kind}.parquet"
        rows.write_parquet(path, compression="uncompressed")
        attributes = {name: name for name in ATTRIBUTES if kind == "members" and name in rows.columns}
        settings = {
            "columns": dict(COLUMNS[kind]),
            "attributes": attributes,
            "time_zone": ZONE,
            "currency": CURRENCY,
            "amount_unit": "minor",
        }
        yield DemoFile(kind=kind, path=path, rows=rows.height, settings=settings)


def with_people(households: pl.DataFrame) -> pl.DataFrame:
    """The households with a made-up person each."""
    people = [person(int(number)) for number in households["household_id"]]
    return households.with_columns(
        pl.Series("name", [p.name for p in people]),
        pl.Series("email", [p.email for p in people]),
        pl.Series("language", [p.language for p in people]),
        pl.Series("consent", [p.has_consent for p in people]),
        pl.Series("birthday", [p.birthday for p in people]),
    )
