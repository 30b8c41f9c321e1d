"""The guide's client against the real console process: a till in a store and a web shop share one account."""

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.migrated import place_database
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.once]
ROOT = Path(__file__).resolve().parents[3]
CLIENT_FILE = ROOT / "docs" / "guides" / "checkout_client.py"
CLIENT = runpy.run_path(str(CLIENT_FILE))
Checkout, Refusal, sell = CLIENT["Checkout"], CLIENT["Refusal"], CLIENT["sell"]

#: A house with a member who has 1,000 points worth 10.00; prints the member's id and a token.
HOUSE = """
from datetime import timedelta
import django
django.setup()
from shuke.apps.loyalty.operations import award_points, define_points_type
from shuke.apps.loyalty.operations.checkout import set_points_rate
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from tests.ports import free_port
at = now() - timedelta(days=1)
define_points_type(actor=SYSTEM, at=at, code="points", name="Points")
set_points_rate(actor=SYSTEM, at=at, points_type="points", starts_on=at.date(), points=100, minor=100)
member = create_members(at=at, source="test", profiles=[MemberProfile(name="Ann")])[0].public_id
award_points(request=Request(key="a", actor="t", at=at), member_id=member, points_type="points", points=1000)
owner = create_user(actor=SYSTEM, at=at, username="o", password="correct horse battery", role="administrator")
token = issue_token(actor=SYSTEM, at=at, owner_id=owner.id, name="t", scopes=["checkout.edit", "loyalty.view"],
                    requests_per_minute=100000)
print(member, token.secret)
"""
#: What a till says before it is killed: its reservation.
TILL = """
import runpy, sys, time
client = runpy.run_path(sys.argv[1])
shop = client["Checkout"](sys.argv[2], sys.argv[3])
wanted = {"basket": {"currency": "CNY", "lines": [{"line_no": 1, "list_minor": 5000}]},
          "member": {"member_id": sys.argv[4]}, "points": {"points": 600}}
def pay(total):
    print("paying", flush=True)
    time.sleep(600)
client["sell"](shop, wanted, order_id="till:dead", agree=lambda quote: True, pay=pay)
"""


class House:
    """A console of its own, with a member and a token."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        database = os.environ.get("SHUKE_LIVE_DATABASE_URL")
        cleared = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
        self.environment = cleared | {
            "SHUKE_HOME": str(home),
            "SHUKE_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
        }
        if database:
            self.environment["SHUKE_DATABASE_URL"] = database
        if not database:
            place_database(home)
        self.member, self.token = self._run("-c", HOUSE).split()[-2:]
        command = [sys.executable, "-m", "shuke.config.cli", "console", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=self.environment, cwd=ROOT)
        try:
            self._wait_until_open()
        except BaseException:
            self.end()
            raise

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _wait_until_open(self) -> None:
        until = time.monotonic() + 300
        while True:
            try:
                return httpx.get(f"{self.address}/health/live", timeout=30).raise_for_status() and None
            except httpx.HTTPError:
                assert self.process.poll() is None, f"the console ended with {self.process.poll()}"
                assert time.monotonic() < until, "the console did not open"
                time.sleep(0.1)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def shop(self, **values: Any) -> Any:
        return Checkout(self.address, self.token, **values)

    def wanted(self, points: int | None, minor: int = 5000) -> dict[str, Any]:
        basket = {"currency": "CNY", "lines": [{"line_no": 1, "list_minor": minor}]}
        return {"basket": basket, "member": {"member_id": self.member}, "points": {"points": points}}

    def available(self) -> int:
        quote = self.shop().evaluate(self.wanted(None))
        return quote["points"]["available"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[House]:
    if os.environ.get("SHUKE_DATABASE_URL"):
        server = request.getfixturevalue("postgresql_server")
        os.environ["SHUKE_LIVE_DATABASE_URL"] = server.create_database(is_migrated=True)
    house = House(tmp_path_factory.mktemp("house"))
    yield house
    house.end()


def always(_: Any) -> bool:
    return True


def test_a_till_and_a_web_shop_use_one_account_at_once(house):
    sold: list[dict[str, Any]] = []
    ends: Counter[str] = Counter()

    def run(name: str) -> None:
        shop = house.shop()
        for number in range(6):
            # Every third customer thinks better of it when the money is asked for.
            receipt = sell(
                shop,
                house.wanted(150),
                order_id=f"{name}:{number}",
                agree=lambda quote: quote["points"]["points"] > 0,
                pay=lambda _total, n=number: n % 3 != 2,
            )
            ends["sold" if receipt else "left"] += 1
            sold.extend([receipt] if receipt else [])

    shops = [threading.Thread(target=run, args=(name,)) for name in ("store", "web")]
    for one in shops:
        one.start()
    for one in shops:
        one.join(300)
    spent = sum(receipt["quote"]["points"]["points"] for receipt in sold)
    assert sum(ends.values()) == 12
    assert spent == 1000 - house.available()
    assert spent <= 1000
    for receipt in sold:
        house.shop().bring_back(receipt["receipt_id"], {1: 1}, key=f"back/{receipt['receipt_id']}")
    assert house.available() == 1000


def test_a_till_that_is_killed_between_reserve_and_commit_holds_nothing_for_long(house):
    till = subprocess.Popen(
        [sys.executable, "-c", TILL, str(CLIENT_FILE), house.address, house.token, house.member],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert till.stdout is not None
    assert till.stdout.readline() == "paying\n"
    till.kill()
    till.wait()
    # While the reservation lasts, nobody else can have these points; the till itself can come back with its key.
    assert house.available() == 400
    shop = house.shop()
    quote = {"quote_hash": "0" * 64}
    with pytest.raises(Refusal) as other:
        shop.reserve(house.wanted(600), quote, key="till:dead/reserve/0")
    assert other.value.code == "idempotency_conflict"
    shown = {**shop.evaluate(house.wanted(400)), "seconds": 10}
    began = time.monotonic()
    held = shop.reserve(house.wanted(400), shown, key="short-reservation", seconds=10)
    left = house.available()
    # On a machine that is very busy the ten seconds may be over before we could look.
    assert left == 0 or time.monotonic() > began + 10
    # Time alone gives back what a dead till held; nothing runs here that would do it.
    until = time.monotonic() + 120
    while house.available() != 400:
        assert time.monotonic() < until
        time.sleep(0.5)
    with pytest.raises(Refusal) as over:
        shop.commit(held["reservation_id"], "till:late", key="till:late/commit")
    assert over.value.code == "reservation_ended"


class LosesAnswers(httpx.BaseTransport):
    """A network that carries every call out and loses the first answers."""

    def __init__(self, losses: int) -> None:
        self.inner, self.left = httpx.HTTPTransport(), losses
        self.replayed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        answer.read()
        self.replayed += answer.headers.get("Idempotency-Replayed") == "true"
        if "Idempotency-Key" in request.headers and self.left:
            self.left -= 1
            raise httpx.ReadError("the cable was pulled")
        return answer


def test_a_call_whose_answer_was_lost_happens_once(house):
    network = LosesAnswers(2)
    shop = house.shop(client=httpx.Client(transport=network, timeout=60))
    before = house.available()
    receipt = sell(shop, house.wanted(100), order_id="web:lost", agree=always, pay=always)
    assert (network.left, network.replayed) == (0, 2)
    assert house.available() == before - 100
    network.left = 1
    first = shop.bring_back(receipt["receipt_id"], {1: 1}, key="web:lost/return")
    assert (first["points_given_back"], network.replayed) == (100, 3)
    assert house.available() == before
