"""The GraphQL questions put to Shopify's Admin API (2025-04 or newer).

``$first`` records a page and ``$inner`` records within each are variables: what a question may cost
depends on both, and is found out by asking (``Asking``).  What is longer than its inner page (an order
of many lines) is asked for by itself.
"""

from __future__ import annotations

_FRAGMENTS = {
    "Money": "on MoneyBag { shopMoney { amount currencyCode } }",
    "Line": """on LineItem {
  id sku quantity
  variant { id sku }
  originalUnitPriceSet { ...Money }
  discountAllocations { allocatedAmountSet { ...Money } discountApplication { __typename } }
  taxLines { priceSet { ...Money } }
}""",
    "GivenBack": """on RefundLineItem {
  quantity
  lineItem { id }
  subtotalSet { ...Money }
  totalTaxSet { ...Money }
}""",
    "Order": """on Order {
  id name createdAt processedAt updatedAt cancelledAt closedAt test
  displayFinancialStatus displayFulfillmentStatus currencyCode taxesIncluded
  email phone discountCodes
  customer { id }
  totalPriceSet { ...Money }
  totalTaxSet { ...Money }
  shippingLines(first: 3) { nodes { discountedPriceSet { ...Money } taxLines { priceSet { ...Money } } } }
  refunds { id totalRefundedSet { ...Money } }
  lineItems(first: $inner) { pageInfo { hasNextPage endCursor } nodes { ...Line } }
}""",
    "Customer": """on Customer {
  id firstName lastName createdAt updatedAt
  defaultEmailAddress { emailAddress marketingState }
  defaultPhoneNumber { phoneNumber marketingState }
  defaultAddress { city provinceCode }
}""",
    "Variant": """on ProductVariant {
  id sku barcode title
  inventoryItem { unitCost { amount currencyCode } }
}""",
    "Product": """on Product {
  id title vendor productType status updatedAt
  variants(first: $inner) { pageInfo { hasNextPage endCursor } nodes { ...Variant } }
}""",
    "Level": """on InventoryLevel {
  location { id }
  quantities(names: ["on_hand", "available", "incoming"]) { name quantity }
}""",
    "Stocked": """on ProductVariant {
  id sku
  inventoryItem {
    id tracked
    inventoryLevels(first: $inner) { pageInfo { hasNextPage endCursor } nodes { ...Level } }
  }
}""",
}


def _document(text: str) -> str:
    """The text with the fragments it uses, and those that they use."""
    used: list[str] = []
    waiting = [text]
    while waiting:
        current = waiting.pop()
        for name, body in _FRAGMENTS.items():
            if f"...{name} " in current and name not in used:
                used.append(name)
                waiting.append(body)
    return "\n".join([text, *(f"fragment {name} {_FRAGMENTS[name]}" for name in used)])


def _inner(fragment: str) -> str:
    """A variable that is declared must be used."""
    return ", $inner: Int!" if "$inner" in _FRAGMENTS.get(fragment, "") else ""


def _list(name: str, fragment: str, *, sort: str) -> str:
    return _document(
        f"query List($query: String, $after: String, $first: Int!{_inner(fragment)}) {{ {name}(first: $first, "
        f"query: $query, after: $after, sortKey: {sort}) {{ pageInfo {{ hasNextPage endCursor }} "
        f"nodes {{ ...{fragment} }} }} }}"
    )


def _one(kind: str, fragment: str) -> str:
    return _document(
        f"query One($id: ID!{_inner(fragment)}) {{ node(id: $id) {{ ... on {kind} {{ ...{fragment} }} }} }}"
    )


def _rest(kind: str, field: str, fragment: str) -> str:
    """The further nodes of a list within a record."""
    return _document(
        f"query Rest($id: ID!, $after: String, $inner: Int!) {{ node(id: $id) {{ ... on {kind} {{ "
        f"{field}(first: $inner, after: $after) {{ pageInfo {{ hasNextPage endCursor }} "
        f"nodes {{ ...{fragment} }} }} }} }} }}"
    )


SHOP = "query Shop { shop { name currencyCode } }"
ORDERS = _list("orders", "Order", sort="UPDATED_AT")
CUSTOMERS = _list("customers", "Customer", sort="UPDATED_AT")
PRODUCTS = _list("products", "Product", sort="UPDATED_AT")
STOCK = _list("productVariants", "Stocked", sort="ID")
ORDER_IDS = (
    "query Ids($query: String, $after: String, $first: Int!) { orders(first: $first, query: $query, "
    "after: $after, sortKey: ID) { pageInfo { hasNextPage endCursor } nodes { id name } } }"
)
ORDER = _one("Order", "Order")
CUSTOMER = _one("Customer", "Customer")
PRODUCT = _one("Product", "Product")
#: The refunds of one order with their lines: few orders have any, so they are not asked for in pages.
REFUNDS = _document(
    "query Refunds($id: ID!, $inner: Int!) { node(id: $id) { ... on Order { refunds { id createdAt "
    "totalRefundedSet { ...Money } refundLineItems(first: $inner) { pageInfo { hasNextPage endCursor } "
    "nodes { ...GivenBack } } } } } }"
)
LINES = _rest("Order", "lineItems", "Line")
GIVEN_BACK = _rest("Refund", "refundLineItems", "GivenBack")
VARIANTS = _rest("Product", "variants", "Variant")
LEVELS = _rest("InventoryItem", "inventoryLevels", "Level")
