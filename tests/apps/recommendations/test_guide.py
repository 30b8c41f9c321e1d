"""The guide's client against real processes, from nothing: fit, slots, lists, events, mails, and the count."""

import json
import os
import random
import runpy
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.migrated import place_database
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.once]
ROOT = Path(__file__).resolve().parents[3]
CLIENT = runpy.run_path(str(ROOT / "docs" / "guides" / "recommendations_client.py"))
Recommendations, Refusal = CLIENT["Recommendations"], CLIENT["Refusal"]

#: What a retailer has before: members with numbers of the web shop, and a year of orders.  Prints what a shop needs.
SET_UP = "from tests.apps.recommendations.guide_house import set_up; set_up()"
COUNT = "from tests.apps.recommendations.guide_house import count; count()"
CARRY_ON = "from tests.apps.recommendations.guide_house import carry_on; carry_on(is_led=True)"
FINISH = "from tests.apps.recommendations.guide_house import finish; finish()"


class House:
    """A retailer's console and collector."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
        self.environment = kept | {
            "SHUKE_HOME": str(home),
            "SHUKE_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
        }
        place_database(home)
        self.facts = self.run(SET_UP)
        self.processes = [
            self.start("-m", "shuke.config.cli", name, "--port", str(port))
            for name, port in (("console", self.port), ("collector", self.port + 1))
        ]

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, *arguments], env=self.environment, cwd=ROOT, **more)

    def run(self, script: str) -> Any:
        command = [sys.executable, "-c", f"import django; django.setup(); {script}"]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def shop(self, **values: Any) -> Any:
        given = {"token": self.facts["token"], "seconds": 60} | values
        return Recommendations(
            f"http://127.0.0.1:{self.port}",
            collector=f"http://127.0.0.1:{self.port + 1}",
            write_key=self.facts["write_key"],
            **given,
        )

    def wait_until_open(self) -> None:
        until = time.monotonic() + 300
        for address in (f"{self.port}/health/live", f"{self.port + 1}/health"):
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{address}", timeout=60)
                    break
                except OSError:
                    assert time.monotonic() < until, "it did not open"
                    time.sleep(0.1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.wait_until_open()
        yield house
    finally:
        for process in house.processes:
            process.send_signal(signal.SIGTERM)
        for process in house.processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_from_nothing_to_lists_and_back_to_what_became_of_them(house: House) -> None:
    shop = house.shop()
    member = shop.member_id("c07")
    answer = shop.ask("for-you", member=member, places=3)
    assert [item["place"] for item in answer["items"]] == [1, 2, 3]
    assert all(item["name"] and item["reason"] for item in answer["items"])
    assert answer["fallback"] == ""
    # Everybody gets a list: strangers what is popular, and a basket what goes with it.
    assert shop.ask("for-you", anonymous_id="device-2")["items"]
    basket = ",".join(item["product_id"] for item in answer["items"][:2])
    beside = shop.ask("basket", basket=basket)
    assert beside["items"]
    assert not {item["product_id"] for item in beside["items"]} & set(basket.split(","))

    shop.viewed(answer, visitor="device-1")
    shop.clicked(answer, answer["items"][0]["product_id"], visitor="device-1")
    shop.added(answer, answer["items"][0]["product_id"], visitor="device-1")
    # So many that the lot gives both arms somebody: it leaves one without in one run of 500 million.
    others = [shop.ask("for-you", member=shop.member_id(f"c{number:02}")) for number in range(30)]
    for other in others:
        shop.viewed(other, visitor="device-3")
    assert {other["arm"] for other in others} == {"usual", "new"}
    assert len({other["experiment_id"] for other in others}) == 1

    # The hourly jobs: events and lists into the lake, and the count.
    arms = {arm["arm"]: arm for arm in house.run(COUNT)["arms"]}
    assert sum(arm["lists"] for arm in arms.values()) == 32
    assert sum(arm["viewed"] for arm in arms.values()) == 31
    assert {name: (arm["clicked"], arm["added"]) for name, arm in arms.items()} == {
        "usual": (1, 1) if answer["arm"] == "usual" else (0, 0),
        "new": (1, 1) if answer["arm"] == "new" else (0, 0),
    }


def test_a_shop_that_is_refused_is_told_why_and_one_that_is_cut_off_goes_on(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        house.shop(token="shk_nobody").ask("for-you")
    assert refused.value.status == 401
    with pytest.raises(Refusal) as unknown:
        house.shop().ask("nowhere")
    assert (unknown.value.status, unknown.value.code) == (404, "slot_not_found")
    dead = Recommendations(f"http://127.0.0.1:{free_port()}", "token", seconds=1)
    answer = dead.ask("for-you")
    assert answer["items"] == []
    # Nothing was shown, so there is nothing to tell.
    dead.viewed(answer, visitor="device-1")


def test_a_campaign_killed_again_and_again_writes_and_lists_each_member_once(house: House) -> None:
    chance = random.Random(5)
    for kill in range(2):
        script, parts = f"import django; django.setup(); {CARRY_ON}", 2 + 2 * kill
        process = house.start("-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        # It may be one part ahead of us: on a busy machine it would be done before we get to kill it.
        process.stdin.write(b"\n" * (parts + 1))
        process.stdin.flush()
        for _line in range(parts):
            assert process.stdout.readline() == b"part\n"
        time.sleep(chance.random() / 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
    found = house.run(FINISH)
    assert 0 < found["at_kill"] < 40
    assert {name: found[name] for name in ("messages", "lists", "distinct_lists", "agree")} == {
        "messages": 40,
        "lists": 40,
        "distinct_lists": 40,
        "agree": 40,
    }
    assert found["state"] == "done"
