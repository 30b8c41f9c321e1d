"""What every server SDK is made to say, and what must then stand in the lake."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
#: Two days back: an SDK that sends what it gathered while it was offline.
BEGAN = datetime.now(UTC).replace(microsecond=123000) - timedelta(days=2)
PROPERTIES = {
    "price": 12.5,
    "quantity": 2,
    "sku": "4711",
    "title": '冰淇淋 🍦 "crème" <b>&amp;</b> \' ; DROP TABLE events; --',
    "tags": ["ice", "summer"],
    "nested": {"a": {"b": [1, {"c": None}]}},
    "=cmd": '=HYPERLINK("http://x")',
}


@dataclass
class Story:
    """One person, first a device and then somebody known, as calls of the tracking API."""

    name: str
    tracks: int = 40
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        user, device = f"{self.name}-user", f"{self.name}-device"
        self.user, self.device, self.email = user, device, f"{self.name}@example.com"
        self._say(
            "page", anonymousId=device, name="Home", properties={"path": "/", "url": "https://shop.example/"}
        )
        for number in range(self.tracks):
            who = {"anonymousId": device} if number < 5 else {"userId": user}
            properties = PROPERTIES | {"number": number}
            self._say("track", event="Product Added", properties=properties, **who)
        traits = {"email": self.email, "phone": "+8613800138000", "name": "Ann Lee", "plan": "gold"}
        self._say("identify", userId=user, anonymousId=device, traits=traits)
        self._say("screen", userId=user, name="Basket", properties={"items": 2})
        self._say("group", userId=user, groupId="company-1", traits={"employees": 12})
        self._say("alias", previousId=f"{self.name}-old", userId=user)

    def _say(self, method: str, **message: Any) -> None:
        number = len(self.calls)
        at = BEGAN + timedelta(minutes=number)
        ids = {"messageId": f"{self.name}-{number:04}", "timestamp": at.isoformat().replace("+00:00", "Z")}
        self.calls.append((method, message | ids))

    @property
    def message_ids(self) -> set[str]:
        return {message["messageId"] for _method, message in self.calls}

    def plan(self, *, host: str, key: str, **options: Any) -> str:
        """Input of a script in ``node/``."""
        return json.dumps({"host": host, "writeKey": key, "calls": self.calls} | options)

    def check(self, rows: Mapping[str, Row]) -> None:
        """Every call became the event it was, and nobody's address came along."""
        for method, message in self.calls:
            row = rows[message["messageId"]]
            assert row["type"] == method
            assert row["name"] == (message.get("event") or message.get("name") or row["name"])
            assert abs(row["occurred_at"] - datetime.fromisoformat(message["timestamp"])) < timedelta(
                seconds=5
            )
            if method in {"track", "page", "screen"}:
                kept = json.loads(row["properties"])
                assert {name: kept.get(name) for name in message["properties"]} == message["properties"]
        told = json.dumps([{**row} for row in rows.values()], default=str)
        for secret in (self.email, "13800138000", "Ann Lee"):
            assert secret not in told

    def check_person(self, rows: Mapping[str, Row], identity_map: list[Row]) -> None:
        """The device, the customer number and the email are one member."""
        members = {row["person_key"]: row["member_id"] for row in identity_map}
        tracks = [rows[m["messageId"]] for method, m in self.calls if method in {"track", "identify"}]
        found = {members.get(row["person_key"]) for row in tracks}
        assert len(found) == 1, "device and customer number are not one member"
        assert None not in found
        kinds = {row["kind"] for row in identity_map if row["member_id"] in found}
        assert {"external", "anonymous", "email"} <= kinds
