"""What a shopkeeper and customers do in the Vendure shop, through its own Admin and Shop API."""

from __future__ import annotations

from typing import Any

import httpx

ADDRESS = {"streetLine1": "1 High Street", "city": "London", "postalCode": "N1", "countryCode": "GB"}


class ShopError(AssertionError):
    """The shop refused what the test asked of it."""


class Api:
    """One of the shop's two APIs, signed in or as a visitor with a basket."""

    def __init__(self, address: str, path: str) -> None:
        self._http = httpx.Client(base_url=f"{address}/{path}", timeout=60)

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of the data.  Raises ``ShopError`` for errors, those that are results included."""
        return self.ask_all(query, **variables)[0]

    def ask_all(self, query: str, **variables: Any) -> list[Any]:
        """Every field of the data."""
        answer = self._http.post("", json={"query": query, "variables": variables})
        token = answer.headers.get("vendure-auth-token")
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"
        body = answer.json()
        if body.get("errors"):
            raise ShopError(str(body["errors"])[:1500])
        found = list(body["data"].values())
        for one in found:
            if isinstance(one, dict) and "errorCode" in one:
                raise ShopError(str(one))
        return found

    def close(self) -> None:
        self._http.close()


def _said(name: str) -> list[dict[str, str]]:
    return [{"languageCode": "en", "name": name, "slug": name.lower().replace(" ", "-"), "description": name}]


class Shopkeeper:
    """Sets the shop up and runs it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.admin = Api(address, "admin-api")
        self.admin.ask('mutation { login(username: "superadmin", password: "superadmin") { __typename } }')
        self._tax_category = ""

    def change(self, mutation: str, input_type: str, shown: str = "id", /, **value: Any) -> Any:
        """A mutation with one input."""
        query = f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {shown} }} }}"
        return self.admin.ask(query, input=value)

    def set_up(self) -> None:
        """A country, a tax of 20 %, a way to pay and one to ship for 5.00."""
        country = self.change(
            "createCountry", "CreateCountryInput", code="GB", enabled=True,
            translations=[{"languageCode": "en", "name": "Great Britain"}],
        )["id"]  # fmt: skip
        zone = self.change("createZone", "CreateZoneInput", name="Europe", memberIds=[country])["id"]
        self._tax_category = self.change(
            "createTaxCategory", "CreateTaxCategoryInput", name="Standard", isDefault=True
        )["id"]
        self.change(
            "createTaxRate", "CreateTaxRateInput", name="VAT", enabled=True, value=20,
            categoryId=self._tax_category, zoneId=zone,
        )  # fmt: skip
        self.change(
            "updateChannel", "UpdateChannelInput", "... on Channel { id }", id="1",
            defaultTaxZoneId=zone, defaultShippingZoneId=zone, pricesIncludeTax=True,
        )  # fmt: skip
        self._ways(zone)

    def _ways(self, _zone: str) -> None:
        checker = {
            "code": "default-shipping-eligibility-checker",
            "arguments": [{"name": "orderMinimum", "value": "0"}],
        }
        rate = [("rate", "500"), ("includesTax", "include"), ("taxRate", "20")]
        self.change(
            "createShippingMethod", "CreateShippingMethodInput", code="post", fulfillmentHandler="manual-fulfillment",
            checker=checker, translations=[{"languageCode": "en", "name": "Post", "description": ""}],
            calculator={
                "code": "default-shipping-calculator",
                "arguments": [{"name": name, "value": value} for name, value in rate],
            },
        )  # fmt: skip
        self.change(
            "createPaymentMethod", "CreatePaymentMethodInput", code="card", enabled=True,
            translations=[{"languageCode": "en", "name": "Card", "description": ""}],
            handler={"code": "dummy-payment-handler", "arguments": [{"name": "automaticSettle", "value": "true"}]},
        )  # fmt: skip

    def api_key(self) -> str:
        """A key for the connector."""
        roles = self.admin.ask("{ roles { items { id code } } }")["items"]
        role = next(role["id"] for role in roles if role["code"] == "__super_admin_role__")
        made = self.change(
            "createApiKey", "CreateApiKeyInput", "apiKey", roleIds=[role],
            translations=[{"languageCode": "en", "name": "Shuke"}],
        )  # fmt: skip
        return str(made["apiKey"])

    def facet(self, name: str, value: str) -> str:
        """The id of a facet's value."""
        made = self.change(
            "createFacet", "CreateFacetInput", "values { id }", code=name.lower(), isPrivate=False,
            translations=[{"languageCode": "en", "name": name}],
            values=[{"code": value.lower(), "translations": [{"languageCode": "en", "name": value}]}],
        )  # fmt: skip
        return str(made["values"][0]["id"])

    def product(self, name: str, *, facets: list[str]) -> str:
        """A product without variants."""
        return str(
            self.change(
                "createProduct",
                "CreateProductInput",
                enabled=True,
                facetValueIds=facets,
                translations=_said(name),
            )["id"]
        )

    def sizes(self, product: str, *values: str) -> dict[str, str]:
        """Let a product have sizes; their ids by name."""
        made = self.change(
            "createProductOptionGroup", "CreateProductOptionGroupInput", "id options { id name }", code="size",
            translations=[{"languageCode": "en", "name": "Size"}],
            options=[
                {"code": value.lower(), "translations": [{"languageCode": "en", "name": value}]} for value in values
            ],
        )  # fmt: skip
        self.admin.ask(
            "mutation($p: ID!, $g: ID!) { addOptionGroupToProduct(productId: $p, optionGroupId: $g) { id } }",
            p=product,
            g=made["id"],
        )
        return {option["name"]: option["id"] for option in made["options"]}

    def variant(self, product: str, *, name: str, sku: str, price: int, stock: int, option: str = "") -> str:
        """A variant; the price includes tax, in pence."""
        query = (
            "mutation($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }"
        )
        value = {
            "productId": product,
            "sku": sku,
            "price": price,
            "stockOnHand": stock,
            "optionIds": [option] if option else [],
            "taxCategoryId": self._tax_category,
            "translations": [{"languageCode": "en", "name": name}],
        }
        return str(self.admin.ask(query, input=[value])[0]["id"])

    def customer(self, first: str, last: str, *, email: str, phone: str) -> str:
        """A customer with an account."""
        query = (
            "mutation($input: CreateCustomerInput!, $password: String) "
            "{ createCustomer(input: $input, password: $password) "
            "{ ... on Customer { id } ... on ErrorResult { errorCode } } }"
        )
        value = {"firstName": first, "lastName": last, "emailAddress": email, "phoneNumber": phone}
        return str(self.admin.ask(query, input=value, password="a-password")["id"])

    def newcomers(self, count: int) -> list[str]:
        """Customers made in one breath, so that several share a second."""
        made = [
            f'c{n}: createCustomer(input: {{ firstName: "Bob", lastName: "No{n}", emailAddress: "b{n}@example.com" }}) '
            "{ ... on Customer { id } }"
            for n in range(count)
        ]
        return [str(one["id"]) for one in self.admin.ask_all(f"mutation {{ {' '.join(made)} }}")]

    def order(self, code: str) -> Any:
        """An order with what the tests ask of it."""
        fields = "id code state updatedAt totalWithTax payments { id amount } lines { id quantity }"
        query = (
            f"query($options: OrderListOptions) {{ orders(options: $options) {{ items {{ {fields} }} }} }}"
        )
        return self.admin.ask(query, options={"filter": {"code": {"eq": code}}})["items"][0]

    def refund(self, code: str, *, amount: int, reason: str, pieces: dict[int, int] | None = None) -> None:
        """Give money back, of pieces by place of their line, and settle it; state and update time stay."""
        order = self.order(code)
        lines = [
            {"orderLineId": order["lines"][place]["id"], "quantity": quantity}
            for place, quantity in (pieces or {}).items()
        ]
        shown = "... on Refund { id state } ... on ErrorResult { errorCode message }"
        # The last two are deprecated, and 3.7 stores no refund without them.
        refund = self.change(
            "refundOrder", "RefundOrderInput", shown, paymentId=order["payments"][0]["id"], amount=amount,
            reason=reason, lines=lines, shipping=0, adjustment=0,
        )  # fmt: skip
        if refund["state"] != "Settled":
            self.change("settleRefund", "SettleRefundInput", shown, id=refund["id"], transactionId="t-1")

    def cancel(self, code: str, *, line: int, quantity: int) -> None:
        """Cancel pieces of a line."""
        order = self.order(code)
        shown = "... on Order { id } ... on ErrorResult { errorCode message }"
        lines = [{"orderLineId": order["lines"][line]["id"], "quantity": quantity}]
        self.change(
            "cancelOrder", "CancelOrderInput", shown, orderId=order["id"], lines=lines, reason="sold out"
        )

    def deliver(self, code: str) -> None:
        """Ship everything and say that it arrived."""
        order = self.order(code)
        lines = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
        handler = {
            "code": "manual-fulfillment",
            "arguments": [{"name": "method", "value": "Post"}, {"name": "trackingCode", "value": "X1"}],
        }
        shown = "... on Fulfillment { id } ... on ErrorResult { errorCode message }"
        made = self.change("addFulfillmentToOrder", "FulfillOrderInput", shown, lines=lines, handler=handler)
        for state in ("Shipped", "Delivered"):
            query = (
                "mutation($id: ID!, $state: String!) { transitionFulfillmentToState(id: $id, state: $state) "
                "{ ... on Fulfillment { id } ... on ErrorResult { errorCode message } } }"
            )
            self.admin.ask(query, id=made["id"], state=state)

    def stock(self, variant: str, *, on_hand: int) -> None:
        """Set the stock of a variant."""
        query = (
            "mutation($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }"
        )
        self.admin.ask(query, input=[{"id": variant, "stockOnHand": on_hand}])

    def rename(self, product: str, name: str) -> None:
        """Call a product something else."""
        self.change("updateProduct", "UpdateProductInput", id=product, translations=_said(name))

    def withdraw(self, product: str) -> None:
        """Delete a product: it vanishes from every list."""
        self.admin.ask("mutation($id: ID!) { deleteProduct(id: $id) { result } }", id=product)

    def buys(self, basket: dict[str, int], *, email: str = "", name: tuple[str, str] = ("", "")) -> str:
        """Somebody buys variants: a customer who signs in, or a guest with a name.  Returns the order's code."""
        visit = Api(self.address, "shop-api")
        try:
            if not name[0]:
                visit.ask(
                    'mutation($email: String!) { login(username: $email, password: "a-password") { __typename } }',
                    email=email,
                )
            for variant, quantity in basket.items():
                visit.ask(
                    "mutation($id: ID!, $quantity: Int!) { addItemToOrder(productVariantId: $id, quantity: $quantity) "
                    "{ ... on Order { id } ... on ErrorResult { errorCode message } } }",
                    id=variant,
                    quantity=quantity,
                )
            return _check_out(visit, email=email, name=name)
        finally:
            visit.close()


def _check_out(visit: Api, *, email: str, name: tuple[str, str]) -> str:
    result = "{ ... on Order { id code state } ... on ErrorResult { errorCode message } }"
    if name[0]:
        guest = {"firstName": name[0], "lastName": name[1], "emailAddress": email}
        visit.ask(
            f"mutation($input: CreateCustomerInput!) {{ setCustomerForOrder(input: $input) {result} }}",
            input=guest,
        )
    visit.ask(
        f"mutation($input: CreateAddressInput!) {{ setOrderShippingAddress(input: $input) {result} }}",
        input=ADDRESS,
    )
    methods = visit.ask("{ eligibleShippingMethods { id } }")
    visit.ask(
        f"mutation($id: [ID!]!) {{ setOrderShippingMethod(shippingMethodId: $id) {result} }}",
        id=[methods[0]["id"]],
    )
    visit.ask(f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {result} }}')
    paid = visit.ask(
        f"mutation($input: PaymentInput!) {{ addPaymentToOrder(input: $input) {result} }}",
        input={"method": "card", "metadata": {}},
    )
    return str(paid["code"])
