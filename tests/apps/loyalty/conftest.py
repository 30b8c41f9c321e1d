"""Members with points."""

from datetime import UTC, datetime

import pytest

from shuke.apps.loyalty.operations import define_points_type
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from tests.remembered import remembered

START = datetime(2026, 1, 5, 4, tzinfo=UTC)


@pytest.fixture
def members(db, lake_home) -> list[str]:
    """Three members of a programme whose points end after a year and wait a week."""
    return remembered("members with points", enrol)


def enrol() -> list[str]:
    define_points_type(
        actor=SYSTEM,
        at=START,
        code="points",
        name="Points",
        expiry=Expiry("rolling", months=12),
        activation_days=7,
    )
    define_points_type(
        actor=SYSTEM, at=START, code="gift", name="Gift points", expiry=Expiry("rolling", months=1)
    )
    change_retailer(actor=SYSTEM, at=START, time_zone="Asia/Shanghai")
    refs = create_members(
        at=START, source="test", profiles=[MemberProfile(name=n) for n in ("Ann", "Bob", "Cy")]
    )
    return [ref.public_id for ref in refs]
