"""A stand-in for a Shopify shop: a real GraphQL executor over the part of the Admin API that is asked.

As awkward as the real one: a bucket of points that fills with time, questions that may cost too much,
lists that end, cursors by value, tokens that end, and a throttled answer of status 200.
"""

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    validate,
)

from tests.sources.standin import Question, Reply

SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text())
TOKEN, CLIENT_ID, CLIENT_SECRET = "shpat_1234", "client-1", "shuke-secret"
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
KINDS = {
    "orders": "Order",
    "customers": "Customer",
    "products": "Product",
    "productVariants": "ProductVariant",
}


def stamp(at: datetime) -> str:
    """Shopify's time: whole seconds in UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def gid(kind: str, number: int) -> str:
    """A global id."""
    return f"gid://shopify/{kind}/{number}"


def bag(amount: str, currency: str = "EUR", paid: str = "", paid_in: str = "") -> dict[str, Any]:
    """Money in the shop's currency and in the buyer's."""
    shown = {"amount": paid or amount, "currencyCode": paid_in or currency}
    return {"shopMoney": {"amount": amount, "currencyCode": currency}, "presentmentMoney": shown}


def line(
    number: int, *, price: str = "10.00", quantity: int = 1, sku: str = "", **rest: Any
) -> dict[str, Any]:
    """A line item of variant number + 1000."""
    defaults = {
        "id": gid("LineItem", number), "sku": sku, "quantity": quantity,
        "variant": {"id": gid("ProductVariant", number + 1000), "sku": sku},
        "originalUnitPriceSet": bag(price), "discountAllocations": [], "taxLines": [],
    }  # fmt: skip
    return defaults | rest


def order(
    number: int, *, at: datetime = START, lines: list[Any] | None = None, **rest: Any
) -> dict[str, Any]:
    """An order."""
    defaults = {
        "id": gid("Order", number), "name": f"#{1000 + number}", "createdAt": stamp(at), "processedAt": stamp(at),
        "updatedAt": stamp(at), "cancelledAt": None, "closedAt": None, "test": False,
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED", "currencyCode": "EUR",
        "taxesIncluded": True, "email": "ann@example.com", "phone": None, "discountCodes": [],
        "customer": {"id": gid("Customer", 7)}, "totalPriceSet": bag("15.00"), "totalTaxSet": bag("2.40"),
        "shippingLines": [{"discountedPriceSet": bag("5.00"), "taxLines": []}],
        "lineItems": [line(number * 100)] if lines is None else lines, "refunds": [],
    }  # fmt: skip
    return defaults | rest


@dataclass
class Shop:
    """Its records, its bucket, and what it was asked.  ``pass_time`` is the clock of the bucket."""

    records: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    token: str = TOKEN
    rate: float = 100.0
    size: float = 2000.0
    most: float = 1000.0
    longest_list: int = 25_000
    held: float = 2000.0
    waited: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    throttled: int = 0
    too_dear: int = 0
    tokens_given: int = 0
    questions: list[dict[str, Any]] = field(default_factory=list)
    meanwhile: Any = None

    def put(self, kind: str, record: dict[str, Any]) -> None:
        """Add or replace a record."""
        self.records[kind][int(record["id"].rsplit("/", 1)[1])] = record

    def pass_time(self, seconds: float) -> None:
        """Let the bucket fill."""
        self.waited.append(seconds)
        self.held = min(self.size, self.held + seconds * self.rate)

    def __call__(self, question: Question) -> Reply:
        """Answer one request."""
        if question.path == "/admin/oauth/access_token":
            return self._token(parse_qs(question.body.decode()))
        if question.headers.get("x-shopify-access-token") != self.token:
            return Reply({"errors": "[API] Invalid API key or access token"}, status=401)
        if question.path != "/admin/api/2026-07/graphql.json":
            return Reply({"errors": "Not Found"}, status=404)
        asked = json.loads(question.body)
        self.questions.append(asked)
        if self.meanwhile:
            self.meanwhile(self)
        return self._answer(asked["query"], asked["variables"])

    def _token(self, form: dict[str, list[str]]) -> Reply:
        if form.get("client_id") != [CLIENT_ID] or form.get("client_secret") != [CLIENT_SECRET]:
            return Reply({"error": "invalid_client"}, status=400)
        self.tokens_given += 1
        self.token = f"shpat_day{self.tokens_given}"
        return Reply({"access_token": self.token, "scope": "read_orders", "expires_in": 86399})

    def _answer(self, text: str, variables: dict[str, Any]) -> Reply:
        document = parse(text)
        faults = validate(SCHEMA, document)
        assert not faults, faults
        cost = _Cost(document, variables).of_query()
        if cost > self.most:
            self.too_dear += 1
            message = f"Query cost is {cost}, which exceeds the single query max cost limit ({self.most})."
            extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": self.most}
            return Reply({"errors": [{"message": message, "extensions": extensions}]})
        status = {"maximumAvailable": self.size, "currentlyAvailable": self.held, "restoreRate": self.rate}
        extensions = {"cost": {"requestedQueryCost": cost, "actualQueryCost": None, "throttleStatus": status}}
        if cost > self.held:
            self.throttled += 1
            errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
            return Reply({"errors": errors, "extensions": extensions})
        self.held -= cost
        self.costs.append(cost)
        status["currentlyAvailable"] = self.held
        result = execute_sync(
            SCHEMA, document, root_value=_Root(self), variable_values=variables, type_resolver=_type_of,
            field_resolver=_resolved,
        )  # fmt: skip
        if result.errors:
            return Reply({"errors": [{"message": str(error)} for error in result.errors]})
        return Reply({"data": result.data, "extensions": extensions})


class _Root:
    """What stands at the top of the graph."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def resolve(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "shop":
            return {"name": "Ann's", "currencyCode": "EUR"}
        if name == "node":
            return self._node(arguments["id"])
        records = list(self.shop.records[name].values())
        for key, sign, value in re.findall(r"(\w+):(>=?)'?([^' ]+)'?", arguments.get("query") or ""):
            records = [record for record in records if _passes(record, key, sign, value)]
        by_time = arguments.get("sortKey") == "UPDATED_AT"
        keyed = sorted((((r["updatedAt"] if by_time else ""), _number(r)), r) for r in records)
        return _connection(
            [(json.dumps(key), record) for key, record in keyed], arguments, longest=self.shop.longest_list
        )

    def _node(self, node_id: str) -> Any:
        kind, number = node_id.split("/")[-2:]
        if kind == "Refund":
            refunds = [r for o in self.shop.records["orders"].values() for r in o["refunds"]]
            return next((refund for refund in refunds if refund["id"] == node_id), None)
        if kind == "InventoryItem":
            items = [v["inventoryItem"] for v in self.shop.records["productVariants"].values()]
            return next((item for item in items if item["id"] == node_id), None)
        name = next(name for name, held in KINDS.items() if held == kind)
        return self.shop.records[name].get(int(number))


def _number(record: dict[str, Any]) -> int:
    return int(record["id"].rsplit("/", 1)[1])


def _passes(record: dict[str, Any], key: str, sign: str, value: str) -> bool:
    if key == "id":
        return _number(record) > int(value)
    return record["updatedAt"] >= value if sign == ">=" else record["updatedAt"] > value


def _connection(keyed: list[tuple[str, Any]], arguments: dict[str, Any], *, longest: int) -> dict[str, Any]:
    """A page after a cursor.  Cursors hold the value sorted by, so records that move are met again."""
    first = arguments["first"]
    assert 0 < first <= 250
    after = arguments.get("after")
    start = 0
    if after:
        wanted = b64decode(after).decode()
        start = next((place for place, (key, _r) in enumerate(keyed) if _later(key, wanted)), len(keyed))
    if start + first > longest:
        raise ValueError("The list ends here.")
    page = keyed[start : start + first]
    end = b64encode(page[-1][0].encode()).decode() if page else None
    return {
        "nodes": [record for _key, record in page],
        "pageInfo": {"hasNextPage": start + first < len(keyed), "endCursor": end},
    }


def _later(key: str, wanted: str) -> bool:
    return json.loads(key) > json.loads(wanted)


def _resolved(source: Any, info: Any, **arguments: Any) -> Any:
    if isinstance(source, _Root):
        return source.resolve(info.field_name, arguments)
    value = source.get(info.field_name)
    named = get_named_type(info.return_type)
    if named.name.endswith("Connection"):
        keyed = [(json.dumps(place), record) for place, record in enumerate(value or [])]
        return _connection(keyed, arguments, longest=25_000)
    if info.field_name == "quantities":
        return [{"name": name, "quantity": value[name]} for name in arguments["names"]]
    return value


def _type_of(value: dict[str, Any], _info: Any, abstract: Any) -> str:
    if abstract.name == "Node":
        return value["id"].split("/")[-2]
    return value["__typename"]


class _Cost:
    """What a question may cost: an object is one point, a list of pages as many times its page."""

    def __init__(self, document: Any, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.query = document.definitions[0]
        self.fragments = {d.name.value: d for d in document.definitions[1:]}

    def of_query(self) -> float:
        return self._of(self.query.selection_set, SCHEMA.query_type)

    def _of(self, selections: Any, parent: Any) -> float:
        total = 0.0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += self._of_field(node, parent)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                total += self._of(fragment.selection_set, SCHEMA.get_type(fragment.type_condition.name.value))
            else:
                total += self._of(node.selection_set, SCHEMA.get_type(node.type_condition.name.value))
        return total

    def _of_field(self, node: FieldNode, parent: Any) -> float:
        if node.name.value.startswith("__") or not node.selection_set:
            return 0.0
        named = get_named_type(parent.fields[node.name.value].type)
        inside = self._of(node.selection_set, named)
        if named.name.endswith("Connection"):
            return 2 + self._first(node) * inside
        return inside if named.name == "PageInfo" else inside + isinstance(named, GraphQLObjectType)

    def _first(self, node: FieldNode) -> int:
        for argument in node.arguments:
            if argument.name.value == "first":
                value = argument.value
                return self.variables[value.name.value] if value.kind == "variable" else int(value.value)
        return 1
