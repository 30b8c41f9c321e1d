"""Members with purchases in the lake, and a programme."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.schemas.tiers import (
    TierCounterView,
    TierProgramView,
    TierTermsView,
    TierView,
    TierWindowView,
)
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

TODAY = date(2026, 11, 27)
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
START = date(2026, 1, 1)


def lake_rows(table: str, values: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows of a lake table; what is missing gets a value of its type."""
    plain = {
        "id": "x",
        "text": "x",
        "ts": AT,
        "date": TODAY,
        "int": 1,
        "minor": 0,
        "bool": False,
        "float": 1.0,
    }
    plain |= {"json": "{}", "id_list": []}
    filled = [
        {c.name: row.get(c.name, None if c.nullable else plain[c.type]) for c in TABLES[table].columns}
        for row in values
    ]
    return pa.Table.from_pylist(filled, schema=TABLES[table].arrow_schema)


def _times(on: date) -> dict[str, Any]:
    return {"local_date": on, "local_month": f"{on:%Y-%m}", "local_hour": 12}


def order(key: str, on: date, paid_minor: int, *, order_id: str = "", **more: Any) -> dict[str, Any]:
    """A paid order of a person key."""
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    states = {"payment_status": "paid", "fulfilment_status": "delivered", "lifecycle_status": "completed"}
    return {
        "order_id": order_id or f"a:{key}-{on}-{paid_minor}",
        "person_key": key,
        "placed_at": at,
        "paid_minor": paid_minor,
        "currency": "CNY",
        **states,
        **_times(on),
        **more,
    }


def refund(of: dict[str, Any], on: date, amount_minor: int) -> dict[str, Any]:
    """Money of an order that went back."""
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    return {
        "refund_id": f"r:{of['order_id']}:{on}:{amount_minor}",
        "order_id": of["order_id"],
        "line_no": 0,
        "person_key": of["person_key"],
        "refunded_at": at,
        "amount_minor": amount_minor,
        "currency": "CNY",
        **_times(on),
    }


def own(key: str, member_id: str, *, at: datetime = datetime(2020, 1, 1, tzinfo=UTC)) -> None:
    """Let a person key belong to a member from a moment on."""
    row = {"person_key": key, "member_id": member_id, "kind": "card", "draw": 1, "valid_from": at}
    lake().append("identity_map", lake_rows("identity_map", [row]))


def told(*orders: dict[str, Any]) -> None:
    """Let the lake hold orders."""
    lake().append("orders", lake_rows("orders", orders))


def given_back(*refunds: dict[str, Any]) -> None:
    """Let the lake hold refunds."""
    lake().append("refunds", lake_rows("refunds", refunds))


def terms(**changes: Any) -> TierTermsView:
    """Silver from 1,000.00 and gold from 5,000.00 in a calendar year."""
    plain: dict[str, Any] = {
        "tiers": [
            TierView(code="silver", name="Silver", reach=100_000, keep=100_000),
            TierView(code="gold", name="Gold", reach=500_000, keep=500_000),
        ],
        "counter": TierCounterView(kind="spend"),
        "window": TierWindowView(kind="year"),
        "up": "at_once",
        "down": "one_step",
        "grace_days": 30,
    }
    return TierTermsView(**plain | changes)


@pytest.fixture
def people(db: None, lake_home: object) -> list[str]:
    """Three members who joined on New Year's Day, with the person keys k0, k1 and k2."""
    change_retailer(actor=SYSTEM, at=AT, time_zone="UTC", currency="CNY")
    profiles = [MemberProfile(name=name, joined_on=START) for name in ("Ann", "Bob", "Cy")]
    refs = create_members(at=AT - timedelta(days=400), source="test", profiles=profiles)
    for number, ref in enumerate(refs):
        own(f"k{number}", ref.public_id)
    return [ref.public_id for ref in refs]


#: Keyword arguments: the rules, the day they begin, today.
Publish = Callable[..., TierProgramView]


@pytest.fixture
def publish(people: list[str]) -> Publish:
    """A function that sets a programme up, tries it and publishes it from ``START``."""

    def make(
        wanted: TierTermsView | None = None, *, valid_from: date = START, today: date = TODAY
    ) -> TierProgramView:
        made = operations.create_tier_program(
            actor=SYSTEM, at=AT, today=today, name="Club", terms=wanted or terms(), valid_from=valid_from
        )
        trial = operations.try_tier_draft(actor=SYSTEM, at=AT, today=today, program_id=made.id)
        operations.publish_tier_version(
            actor=SYSTEM, at=AT, today=today, program_id=made.id, trial_id=trial.id, valid_from=valid_from
        )
        return made

    return make
