"""A kind of voucher, members, baskets."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.promotions.operations import create_definition, publish_definition
from shuke.apps.promotions.schemas import Basket, BasketLine
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from tests.remembered import remembered

#: A Monday, at noon in Shanghai.
START = datetime(2026, 1, 5, 4, tzinfo=UTC)
TWENTY: dict[str, Any] = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30}
BREAD = BasketLine(1, "bread", 1, 4990, department="bakery")
MILK = BasketLine(2, "milk", 1, 15, department="dairy")
WINE = BasketLine(3, "wine", 1, 9600, department="drinks", category="wine", brand="Vine")
BASKET = Basket((BREAD, MILK, WINE), shipping_minor=600)

Define = Callable[..., str]


@pytest.fixture
def members(db, lake_home) -> list[str]:
    """Four members of a retailer in Shanghai."""
    return remembered("members with vouchers", enrol)


def enrol() -> list[str]:
    change_retailer(actor=SYSTEM, at=START, time_zone="Asia/Shanghai")
    names = ("Ann", "Bob", "Cy", "Dee")
    refs = create_members(at=START, source="test", profiles=[MemberProfile(name=n) for n in names])
    return [ref.public_id for ref in refs]


def defined(*, name: str = "Twenty", **terms: Any) -> str:
    """A published kind of voucher: 20.00 off, 30 days after the claim, unless told otherwise."""
    given = {**TWENTY, **terms}
    definition = create_definition(actor=SYSTEM, at=START, name=name, terms=given)
    publish_definition(actor=SYSTEM, at=START, definition_id=definition)
    return definition
