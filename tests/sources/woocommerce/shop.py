"""A stand-in for a WooCommerce shop: the part of its REST API that is asked, from its documented answers.

What matters is that it is as awkward as the real one: ``modified_after`` excludes its own whole second,
pages are numbered and move when records change, over HTTP a query must be signed once and in time, and
a refund leaves status and total of its order as they were.
"""

import base64
import copy
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from tests.sources.standin import Question, Reply

KEY, SECRET, HOOK_SECRET = "ck_1234", "cs_5678", "shuke-secret"
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
API = "/wp-json/wc/v3/"


def stamp(at: datetime) -> str:
    """WooCommerce's GMT time: whole seconds, no zone."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def line(number: int, *, product: int = 93, total: str = "6.00", **rest: Any) -> dict[str, Any]:
    """A line item."""
    defaults = {
        "id": number, "name": "Woo Single #1", "product_id": product, "variation_id": 0, "quantity": 2,
        "tax_class": "", "subtotal": total, "subtotal_tax": "0.00", "total": total, "total_tax": "0.00",
        "taxes": [], "meta_data": [], "sku": "", "price": 3,
    }  # fmt: skip
    return defaults | rest


def order(number: int, *, at: datetime = START, **rest: Any) -> dict[str, Any]:
    """An order as the list and the single answer show it."""
    defaults = {
        "id": number, "parent_id": 0, "number": str(number), "order_key": f"wc_order_{number}",
        "created_via": "checkout", "version": "10.1.0", "status": "processing", "currency": "USD",
        "date_created": stamp(at - timedelta(hours=5)), "date_created_gmt": stamp(at),
        "date_modified": stamp(at - timedelta(hours=5)), "date_modified_gmt": stamp(at),
        "discount_total": "0.00", "discount_tax": "0.00", "shipping_total": "10.00", "shipping_tax": "0.00",
        "cart_tax": "0.00", "total": "16.00", "total_tax": "0.00", "prices_include_tax": False,
        "customer_id": 26, "customer_ip_address": "192.0.2.7", "customer_user_agent": "", "customer_note": "",
        "billing": {
            "first_name": "Ann", "last_name": "Buyer", "company": "", "address_1": "1 Main St",
            "city": "Lyon", "state": "RH", "postcode": "69001", "country": "FR",
            "email": "ann@example.com", "phone": "+33 6 12 34 56 78",
        },
        "shipping": {"first_name": "Rex", "last_name": "Receiver", "phone": "+33 6 99 99 99 99"},
        "payment_method": "bacs", "transaction_id": "", "date_paid_gmt": stamp(at), "date_completed_gmt": None,
        "cart_hash": "", "meta_data": [], "line_items": [line(number * 10 + 1)], "tax_lines": [],
        "shipping_lines": [], "fee_lines": [], "coupon_lines": [], "refunds": [],
    }  # fmt: skip
    return defaults | rest


@dataclass
class Shop:
    """Its records, and what it was asked."""

    records: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {"orders": {}, "products": {}, "customers": {}}
    )
    refunds: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    variations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    #: Called before each answer, to let the shop go on selling meanwhile.
    meanwhile: Any = None

    def put(self, kind: str, record: dict[str, Any]) -> None:
        """Add or replace a record."""
        self.records[kind][record["id"]] = record

    def refund(self, number: int, *, refund_id: int, amount: str, at: datetime, lines: list[Any]) -> None:
        """What a clerk does: the order's time moves, its status and total do not."""
        changed = self.records["orders"][number]
        changed["refunds"] = [
            *changed["refunds"],
            {"id": refund_id, "reason": "broken", "total": f"-{amount}"},
        ]
        changed["date_modified_gmt"] = stamp(at)
        self.refunds.setdefault(number, []).append(
            {
                "id": refund_id, "date_created_gmt": stamp(at), "amount": amount, "reason": "Ann was unhappy",
                "refunded_by": 1, "refunded_payment": False, "meta_data": [], "line_items": lines,
            }
        )  # fmt: skip

    def __call__(self, question: Question) -> Reply:
        """Answer one request."""
        self.questions.append(question)
        refusal = self._refusal(question)
        if refusal:
            return Reply({"code": "woocommerce_rest_authentication_error", "message": refusal}, status=401)
        if self.meanwhile:
            self.meanwhile(self, question)
        path = question.path.removeprefix(API).strip("/").split("/")
        return self._found(path, question.params)

    def _found(self, path: list[str], params: dict[str, str]) -> Reply:
        if path == ["data", "currencies", "current"]:
            return Reply({"code": "USD", "name": "United States (US) dollar", "symbol": "&#36;"})
        if path[0] not in self.records:
            return Reply({"code": "rest_no_route", "message": "No route"}, status=404)
        records = self.records[path[0]]
        if len(path) == 1:
            return _listed(list(records.values()), params)
        number = int(path[1])
        if number not in records:
            return Reply({"code": "woocommerce_rest_shop_order_invalid_id"}, status=404)
        if path[2:] == ["refunds"]:
            return Reply(self.refunds.get(number, []))
        if path[2:] == ["variations"]:
            return _listed(self.variations.get(number, []), params)
        return Reply(copy.deepcopy(records[number]))

    def _refusal(self, question: Question) -> str:
        """WooCommerce's own check of a signed query, written from its description."""
        params = question.params
        if "authorization" in question.headers:
            return "Basic over plain HTTP is not read."
        if params.get("oauth_consumer_key") != KEY:
            return "Consumer key is invalid."
        given = unquote(params.pop("oauth_signature", "").replace(" ", "+"))
        text = "%26".join(f"{_twice(name)}%3D{_twice(value)}" for name, value in sorted(params.items()))
        base = f"{question.method}&{quote(f'http://{question.host}{question.path}', safe='')}&{text}"
        wanted = hmac.new(f"{SECRET}&".encode(), base.encode(), hashlib.sha256).digest()
        if given != base64.b64encode(wanted).decode():
            return "Invalid signature - provided signature does not match."
        if params["oauth_nonce"] in self.numbers:
            return "Invalid nonce - nonce has already been used."
        self.numbers.add(params["oauth_nonce"])
        age = abs(datetime.now(UTC).timestamp() - int(params["oauth_timestamp"]))
        return "Invalid timestamp." if age > 15 * 60 else ""


def _twice(text: str) -> str:
    return quote(quote(unquote(text), safe=""), safe="")


def _listed(records: list[dict[str, Any]], params: dict[str, str]) -> Reply:
    if "modified_after" in params:
        assert params.get("dates_are_gmt") == "true"
        # Text of one form compares as the times do, and the second itself is out.
        records = [r for r in records if r["date_modified_gmt"] > params["modified_after"]]
    field_name = {"modified": "date_modified_gmt", "id": "id"}[params.get("orderby", "id")]
    records.sort(key=lambda r: (r[field_name], r["id"]), reverse=params.get("order") == "desc")
    per_page = min(int(params.get("per_page", 10)), 100)
    first = int(params.get("offset", (int(params.get("page", 1)) - 1) * per_page))
    page = copy.deepcopy(records[first : first + per_page])
    if "_fields" in params:
        page = [{name: r[name] for name in params["_fields"].split(",")} for r in page]
    headers = (("X-WP-Total", str(len(records))), ("X-WP-TotalPages", str(-(-len(records) // per_page))))
    return Reply(page, headers=headers)
