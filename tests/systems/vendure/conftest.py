"""The shop of the session with some goods and customers in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.systems.vendure.shop import Mailbox, mailbox, running_shop
from tests.systems.vendure.shopkeeper import Shopkeeper


@dataclass
class Shop:
    """The shop and what was put into it."""

    keeper: Shopkeeper
    box: Mailbox
    key: str
    jacket: str
    medium: str
    large: str
    hat: str
    ann: str
    wang: str
    first: str
    guest: str

    @property
    def address(self) -> str:
        return self.keeper.address


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A rain jacket in two sizes, a hat without a code, two customers, an order of one and one of a guest."""
    with mailbox() as box, running_shop(tmp_path_factory.mktemp("vendure"), webhook_url=box.url) as address:
        keeper = Shopkeeper(address)
        keeper.set_up()
        jacket = keeper.product(
            "Rain Jacket", facets=[keeper.facet("Brand", "Dale"), keeper.facet("Category", "Coats")]
        )
        sizes = keeper.sizes(jacket, "M", "L")
        medium = keeper.variant(jacket, name="Jacket M", sku="RJ-M", price=12000, stock=50, option=sizes["M"])
        large = keeper.variant(jacket, name="Jacket L", sku="RJ-L", price=12999, stock=30, option=sizes["L"])
        hat = keeper.variant(keeper.product("Wool Hat", facets=[]), name="Hat", sku="", price=1999, stock=40)
        ann = keeper.customer("Ann", "Lee", email="ann@example.com", phone="+447700900123")
        wang = keeper.customer("小明", "王", email="wang@example.com", phone="+8613800138000")
        first = keeper.buys({medium: 1, large: 2}, email="ann@example.com")
        guest = keeper.buys({hat: 1}, email="guest@example.com", name=("Gus", "Guest"))
        yield Shop(keeper, box, keeper.api_key(), jacket, medium, large, hat, ann, wang, first, guest)
