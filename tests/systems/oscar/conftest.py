"""The shop of the session with some tea and two customers in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.systems.oscar.running import Shopkeeper, running_shop


@dataclass
class Shop:
    """The shop and what was put into it."""

    keeper: Shopkeeper
    home: Path
    green: int
    black: int
    ann: str
    first: str
    guest: str


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two teas, an account, an order of it and one of a guest."""
    home = tmp_path_factory.mktemp("oscar")
    with running_shop(home) as address:
        keeper = Shopkeeper(address)
        keeper.set_up()
        green = keeper.product("Green tea", code="TEA-G", price="7.50", stock=100)
        black = keeper.product("Black tea", code="TEA-B", price="3.33", stock=50)
        ann = keeper.customer("ann@example.com")
        first = keeper.buys("ann@example.com", {green: 3, black: 2})
        guest = keeper.guest_buys("guest@example.com", {black: 1})
        yield Shop(keeper, home, green, black, ann, first, guest)
