"""A programme for tests of earning: points to spend and growth value, and some rules."""

from datetime import UTC, date, datetime
from typing import Any

from shuke.apps.loyalty.operations import publish_rules, write_rules
from shuke.apps.loyalty.rules.earning import Line, Purchase
from shuke.apps.loyalty.schemas import Request
from shuke.apps.loyalty.schemas.earning import EarningRules, EarningVersionView
from shuke.platform.permissions import SYSTEM

START = datetime(2026, 1, 5, 4, tzinfo=UTC)
GROUND = {"kind": "purchase", "code": "ground", "name": "1 per 1.00", "points": 1, "per_minor": 100}
GIFT = {
    "kind": "purchase",
    "code": "gift",
    "name": "Gift points",
    "points_type": "gift",
    "points": 1,
    "per_minor": 1000,
}


def event_rule(code: str, *, event: str, points: int = 5, **limits: Any) -> dict[str, Any]:
    """A rule for an event."""
    return {"kind": "event", "code": code, "name": code, "event": event, "points": points, **limits}


def publish(*rules: dict[str, Any], at: datetime = START, **body: Any) -> EarningVersionView:
    """Publish rules that hold from ``at`` on."""
    document = EarningRules.model_validate({"rules": list(rules), **body})
    write_rules(actor=SYSTEM, at=at, body=document)
    return publish_rules(actor=SYSTEM, at=at, starts_at=at)


def asked(key: str, at: datetime = START, **more: Any) -> Request:
    """A request of the till."""
    return Request(key=key, actor="till", at=at, **more)


def basket(*paid: int, on: date = date(2026, 1, 5), quantity: int = 1, **more: Any) -> Purchase:
    """Lines of so many minor units, at list price."""
    lines = tuple(
        Line(number, f"p{number}", amount, amount, quantity=quantity) for number, amount in enumerate(paid, 1)
    )
    return Purchase(lines, on, more.pop("sales_channel", "store"), **more)
