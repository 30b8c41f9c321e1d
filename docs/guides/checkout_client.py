"""A till or web shop that uses Shuke's checkout.  Needs Python 3.11 and httpx; copy it and make it yours."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

Json = dict[str, Any]


class Refusal(Exception):
    """Shuke said no: ``code`` for programs, ``message`` for people, ``details`` with the facts."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem["message"])
        self.code, self.details = problem["code"], problem["details"]


class Checkout:
    """Speaks to Shuke and asks again, with the same key, when the network fails."""

    def __init__(
        self, address: str, token: str, *, tries: int = 4, client: httpx.Client | None = None
    ) -> None:
        self.http = client or httpx.Client(timeout=10)
        self.http.headers["Authorization"] = f"Bearer {token}"
        self.base, self.tries = f"{address.rstrip('/')}/api/v1/checkout", tries

    def evaluate(self, wanted: Json) -> Json:
        """What the basket would cost, and why.  Holds nothing."""
        return self._post("/evaluate", wanted, key=None)

    def reserve(self, wanted: Json, quote: Json, *, key: str, seconds: int = 900) -> Json:
        """Hold what the quote needs, all or nothing."""
        body = {**wanted, "quote_hash": quote["quote_hash"], "seconds": seconds}
        return self._post("/reservations", body, key=key)

    def commit(self, reservation_id: str, order_id: str, *, key: str) -> Json:
        """The customer has paid; the answer is the receipt."""
        return self._post(f"/reservations/{reservation_id}/commit", {"order_id": order_id}, key=key)

    def release(self, reservation_id: str, *, key: str) -> Json:
        """The customer has not paid."""
        return self._post(f"/reservations/{reservation_id}/release", {}, key=key)

    def bring_back(self, receipt_id: str, lines: dict[int, int], *, key: str) -> Json:
        """Goods come back: line number and pieces.  ``refund_minor`` of the answer is to be paid out."""
        wanted = [{"line_no": number, "quantity": pieces} for number, pieces in lines.items()]
        return self._post(f"/receipts/{receipt_id}/returns", {"lines": wanted}, key=key)

    def _post(self, path: str, body: Json, *, key: str | None) -> Json:
        headers = {"Idempotency-Key": key} if key else {}
        for attempt in range(self.tries):
            try:
                answer = self.http.post(self.base + path, json=body, headers=headers)
            except httpx.TransportError:
                # Nobody knows whether it was carried out.  The same key again is safe: it happens once.
                if attempt + 1 == self.tries:
                    raise
            else:
                if answer.status_code < 400:
                    return answer.json()
                if answer.status_code < 500 and answer.status_code != 429:
                    raise Refusal(answer.json())
            time.sleep(0.2 * 2**attempt)
        raise httpx.TransportError(f"No answer after {self.tries} tries.")


def sell(
    shop: Checkout, wanted: Json, *, order_id: str, agree: Callable[[Json], bool], pay: Callable[[int], bool]
) -> Json | None:
    """One sale: show the quote, hold, take the money, commit.  ``None`` if the customer walks away.

    The keys are made of the order's number, so that a till that was restarted asks again with the same ones.
    """
    quote = shop.evaluate(wanted)
    for attempt in range(5):
        if not agree(quote):
            return None
        try:
            held = shop.reserve(wanted, quote, key=f"{order_id}/reserve/{attempt}")
            break
        except Refusal as refusal:
            if refusal.code != "quote_changed":
                raise
            # Somebody else used the points or the voucher meanwhile.
            quote = refusal.details["quote"]
    else:
        return None
    if not pay(held["quote"]["total_minor"]):
        shop.release(held["reservation_id"], key=f"{order_id}/release")
        return None
    return shop.commit(held["reservation_id"], order_id, key=f"{order_id}/commit")


def main() -> None:
    """Sell two things to a member, against the address and token of the environment."""
    import os

    shop = Checkout(os.environ["SHUKE_ADDRESS"], os.environ["SHUKE_TOKEN"])
    wanted = {
        "basket": {
            "currency": "CNY",
            "sales_channel": "store",
            "store_id": "S1",
            "lines": [
                {"line_no": 1, "product_id": "bread", "quantity": 2, "list_minor": 9980},
                {"line_no": 2, "product_id": "wine", "quantity": 1, "list_minor": 9600, "offer_minor": 600},
            ],
        },
        "member": {"card": os.environ["CARD"]},
        "points": {"points": None},
    }
    receipt = sell(shop, wanted, order_id=f"tills:{uuid.uuid4()}", agree=lambda _: True, pay=lambda _: True)
    print(receipt)


if __name__ == "__main__":
    main()
