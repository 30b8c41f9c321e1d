"""The real SDKs of servers against the real collector and loader: everything arrives, once, as it was meant."""

import datetime
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment

from shuke.apps.collector.pages.installing import guides
from tests.systems.sdks.conftest import House, wait_for
from tests.systems.sdks.packages import run_node
from tests.systems.sdks.story import Story

pytestmark = pytest.mark.slow
ARGUMENTS = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "previousId": "previous_id",
    "groupId": "group_id",
    "messageId": "message_id",
}


def play(client: Any, story: Story) -> None:
    """Make the calls of a story with a Python SDK."""
    for method, message in story.calls:
        arguments = {ARGUMENTS.get(name, name): value for name, value in message.items()}
        arguments["timestamp"] = datetime.datetime.fromisoformat(arguments["timestamp"])
        getattr(client, method)(**arguments)
    client.flush()


def check(house: House, story: Story, source: str) -> dict[str, Any]:
    """The story stands in the lake, and its person is one member."""
    rows = house.arrived(source, story.message_ids)
    assert set(rows) == story.message_ids
    story.check(rows)
    wait_for(lambda: _is_linked(house, story, rows), "the identity map does not tell of the person")
    story.check_person(rows, house.identity_map())
    return rows


def _is_linked(house: House, story: Story, rows: dict[str, Any]) -> bool:
    known = {row["person_key"] for row in house.identity_map()}
    return {row["person_key"] for row in rows.values() if row["type"] == "track"} <= known


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
def test_segment_python(house: House, gzip: bool) -> None:
    source, key = house.keys["segment-python"]
    story, errors = Story(f"segment-python-{gzip}".lower()), []
    client = segment.Client(key, host=house.url, gzip=gzip, on_error=lambda e, _items: errors.append(e))
    play(client, story)
    assert errors == []
    rows = check_among(house, story, source)
    # The same calls once more, as after a timeout whose answer was lost: nothing changes.
    play(client, story)
    client.shutdown()
    probe = Story(f"probe-{gzip}".lower(), tracks=0)
    play(segment.Client(key, host=house.url), probe)
    house.arrived(source, probe.message_ids)
    again = {row["message_id"]: row for row in house.rows(source) if row["message_id"] in story.message_ids}
    assert again == rows
    assert sum(row["message_id"] in story.message_ids for row in house.rows(source)) == len(story.message_ids)


def check_among(house: House, story: Story, source: str) -> dict[str, Any]:
    """Like ``check`` where several stories share a source."""
    rows = {
        mid: row for mid, row in house.arrived(source, story.message_ids).items() if mid in story.message_ids
    }
    story.check(rows)
    wait_for(lambda: _is_linked(house, story, rows), "the identity map does not tell of the person")
    story.check_person(rows, house.identity_map())
    return rows


def test_rudder_python(house: House) -> None:
    source, key = house.keys["rudder-python"]
    story, errors = Story("rudder-python"), []
    client = rudder.Client(key, host=house.url, on_error=lambda e, _items: errors.append(e))
    play(client, story)
    client.shutdown()
    assert errors == []
    check(house, story, source)


def test_segment_node(house: House, modules: Any) -> None:
    source, key = house.keys["segment-node"]
    story = Story("segment-node")
    told = json.loads(run_node("segment.js", modules=modules, stdin=story.plan(host=house.url, key=key)))
    assert told == {"statuses": [200] * len(told["statuses"]), "errors": []}
    check(house, story, source)


def test_rudder_node_gzips_under_another_name_and_sends_large_events(house: House, modules: Any) -> None:
    source, key = house.keys["rudder-node"]
    story = Story("rudder-node")
    large = {
        "userId": story.user,
        "event": "Large",
        "properties": {"text": "长" * 100_000},
        "messageId": "large-1",
    }
    story.calls.append(("track", large | {"timestamp": story.calls[-1][1]["timestamp"]}))
    told = json.loads(run_node("rudder.js", modules=modules, stdin=story.plan(host=house.url, key=key)))
    assert told == {"errors": []}
    check(house, story, source)


def test_the_code_that_the_console_gives_to_copy_works(house: House, modules: Path, tmp_path: Path) -> None:
    """As it stands on the page of a source, run by the language it is written in."""
    source, key = house.keys["guides"]
    codes = {guide.id: guide.code for guide in guides(kind="server", url=house.url, key=key)}
    for name in ("segment-python", "rudder-python"):
        subprocess.run([sys.executable, "-c", codes[name]], check=True, timeout=120, capture_output=True)
    for name in ("segment-node", "rudder-node"):
        script = tmp_path / f"{name}.js"
        script.write_text(f"(async () => {{\n{codes[name]}\n}})();", encoding="utf-8")
        environment = os.environ | {"NODE_PATH": str(modules)}
        subprocess.run(["node", str(script)], check=True, timeout=120, capture_output=True, env=environment)
    # curl as the shell runs it, if there is one here.
    has_curl = shutil.which("curl") is not None
    if has_curl:
        subprocess.run(codes["http"], shell=True, check=True, timeout=60, capture_output=True)

    def completed() -> int:
        rows = house.rows(source)
        assert all(row["name"] == "Order Completed" for row in rows)
        assert all(json.loads(row["properties"]) == {"order_id": "A-1"} for row in rows)
        return len({row["message_id"] for row in rows}) == 4 + has_curl

    wait_for(completed, "one of the pieces of code sent nothing")
    assert len({row["person_key"] for row in house.rows(source)}) == 1


def test_values_that_are_no_json_cost_only_their_own_event(house: House) -> None:
    """Python writes NaN and half surrogates without a murmur; the neighbours in the batch arrive."""
    source, key = house.keys["segment-python"]
    client = segment.Client(key, host=house.url, upload_interval=0.2)
    bad = {
        "nan": float("nan"), "infinity": float("inf"), "surrogate": "\ud83c", "huge": 2**70, "nul": "a\x00b",
    }  # fmt: skip
    good = {f"neighbour-{name}" for name in bad}
    for name, value in bad.items():
        client.track("odd", "Odd", {"value": value}, message_id=f"odd-{name}")
        client.track("odd", "Fine", {"value": name}, message_id=f"neighbour-{name}")
    client.flush()
    client.shutdown()
    rows = house.arrived(source, good)
    settled = wait_for(
        lambda: _settled(house, source, {f"odd-{name}" for name in bad}), "an odd event vanished"
    )
    assert settled["odd-nan"] == "aside"
    assert all("NaN" not in str(row["properties"]) for row in rows.values())


def _settled(house: House, source: str, message_ids: set[str]) -> dict[str, str]:
    """Each event is either in the lake or put aside with a reason: none is lost in silence."""
    taken = {row["message_id"] for row in house.rows(source)}
    aside = {json.loads(row["raw"] or "{}").get("message_id") for row in house.rows(source, "rejected_rows")}
    found = {mid: "taken" if mid in taken else "aside" for mid in message_ids if mid in taken | aside}
    return found if set(found) == message_ids else {}


def test_an_sdk_over_its_rate_waits_and_loses_nothing(house: House) -> None:
    """50 a second with bursts of 250: 600 events meet 429 and Retry-After, and all arrive once."""
    source, key = house.keys["segment-python-limited"]
    errors: list[Any] = []
    client = segment.Client(
        key,
        host=house.url,
        upload_interval=0.1,
        max_queue_size=2000,
        on_error=lambda e, _items: errors.append(e),
    )
    waited: list[float] = []
    consumer = client.consumers[0]
    heard = consumer.set_rate_limit_state
    consumer.set_rate_limit_state = lambda seconds: (waited.append(seconds), heard(seconds))
    for number in range(600):
        client.track("u", "Burst", {"n": number}, message_id=f"burst-{number}")
    client.flush()
    client.shutdown()
    assert errors == []
    assert waited, "the limit never said no"
    assert all(isinstance(seconds, int) and seconds >= 1 for seconds in waited)
    house.arrived(source, {f"burst-{number}" for number in range(600)})


def test_a_wrong_key_is_told_to_the_sdk_at_once(house: House) -> None:
    errors: list[Any] = []
    client = segment.Client("wk_wrong", host=house.url, on_error=lambda e, _items: errors.append(e))
    client.track("u", "Lost")
    client.flush()
    client.shutdown()
    assert [(error.status, error.code) for error in errors] == [(401, "unknown_write_key")]


def test_killed_under_a_sending_sdk_nothing_is_lost_and_nothing_doubled(house: House) -> None:
    """kill -9 of the collector and of the loader while the SDK sends; both come back; then count."""
    source, key = house.keys["segment-python-killed"]
    logging.getLogger("segment").setLevel(logging.CRITICAL)
    errors: list[Any] = []
    client = segment.Client(
        key, host=house.url, upload_interval=0.05, upload_size=20, on_error=lambda e, _items: errors.append(e),
    )  # fmt: skip

    def send() -> None:
        for number in range(2000):
            client.track("u", "Counted", {"n": number}, message_id=f"count-{number}")
            time.sleep(0.001)

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(0.5)
    for name in ("collector", "loader"):
        house.kill(name)
    for name in ("collector", "loader"):
        house.start(name)
    sender.join()
    client.flush()
    client.shutdown()
    assert errors == []
    house.arrived(source, {f"count-{number}" for number in range(2000)})
