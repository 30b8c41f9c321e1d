"""A web shop that shows Shuke's recommendations and tells what became of them.  Python 3.11 suffices; make it yours."""

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
#: What a page shows when Shuke does not answer in time: nothing, or a list of your own.
NOTHING: Json = {"list_id": "", "items": []}


class Refusal(Exception):
    """Shuke said no: ``status``, ``code`` for programs, and a sentence for people."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(problem.get("message", "The call was refused."))
        self.status, self.code = status, problem.get("code", "")


def _call(address: str, headers: dict[str, str], *, seconds: float, body: bytes | None = None) -> Json:
    request = urllib.request.Request(address, body, headers)  # noqa: S310 - the shop's own settings say where.
    with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
        return json.load(answer)


class Recommendations:
    """Asks slots, and sends the events that say what became of a list."""

    def __init__(
        self, address: str, token: str, *, collector: str = "", write_key: str = "", seconds: float = 0.5
    ) -> None:
        self.address, self.token, self.seconds = address.rstrip("/"), token, seconds
        self.collector, self.write_key = collector.rstrip("/"), write_key

    def member_id(self, customer_number: str) -> str:
        """The id of the member with that number, empty for none.  Keep it with the customer; it does not change."""
        found = self._get("/api/v1/members", {"q": customer_number, "limit": 1})
        return found["items"][0]["id"] if found["items"] else ""

    def ask(self, slot: str, **question: Any) -> Json:
        """What the slot recommends: ``member``, ``product``, ``basket``, ``store``, ``places``, ``language`` …

        A page does not wait for recommendations: without an answer in time there is nothing to show.
        """
        try:
            return self._get(f"/api/v1/recommendations/{urllib.parse.quote(slot)}", question)
        except (TimeoutError, urllib.error.URLError):
            return NOTHING

    def viewed(self, answer: Json, *, visitor: str) -> None:
        """The list was on the screen."""
        self._tell("Product List Viewed", answer, visitor=visitor)

    def clicked(self, answer: Json, product_id: str, *, visitor: str) -> None:
        """A product of the list was opened."""
        self._tell("Product Clicked", answer, visitor=visitor, product_id=product_id)

    def added(self, answer: Json, product_id: str, *, visitor: str) -> None:
        """A product of the list was put into the basket."""
        self._tell("Product Added", answer, visitor=visitor, product_id=product_id)

    def _get(self, path: str, question: Json) -> Json:
        address = f"{self.address}{path}?{urllib.parse.urlencode(question)}"
        try:
            return _call(address, {"Authorization": f"Bearer {self.token}"}, seconds=self.seconds)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise Refusal(error.code, json.load(error)) from error
            raise

    def _tell(self, name: str, answer: Json, *, visitor: str, product_id: str = "") -> None:
        if not answer["list_id"]:
            return
        properties = {"list_id": answer["list_id"]} | ({"product_id": product_id} if product_id else {})
        event = {
            "type": "track",
            "event": name,
            "anonymousId": visitor,
            # The same id again counts once, so a call whose answer was lost can be repeated.
            "messageId": str(uuid.uuid4()),
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": properties,
        }
        key = base64.b64encode(f"{self.write_key}:".encode()).decode()
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        body = json.dumps({"batch": [event]}).encode()
        for attempt in range(4):
            try:
                _call(f"{self.collector}/v1/batch", headers, seconds=5, body=body)
                return
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise
            except urllib.error.URLError:
                pass
            time.sleep(0.2 * 2**attempt)


def main() -> None:
    """Show a member's list, and click its first product."""
    shop = Recommendations(
        os.environ["SHUKE_ADDRESS"],
        os.environ["SHUKE_TOKEN"],
        collector=os.environ["SHUKE_COLLECTOR"],
        write_key=os.environ["SHUKE_WRITE_KEY"],
    )
    answer = shop.ask("for-you", member=shop.member_id(os.environ["CUSTOMER"]), places=3)
    for item in answer["items"]:
        print(item["place"], item["name"], "–", item["reason"])
    if answer["items"]:
        shop.viewed(answer, visitor="device-1")
        shop.clicked(answer, answer["items"][0]["product_id"], visitor="device-1")


if __name__ == "__main__":
    main()
