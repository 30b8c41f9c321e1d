"""A synchronisation is killed with SIGKILL at random moments and goes on: no row is lost, none is doubled."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from shuke.lake import Lake
from tests.apps.connections.sync_shop import village_shop
from tests.migrated import place_database
from tests.series import series

SCRIPT = Path(__file__).with_name("sync_process.py")
ROOT = Path(__file__).parents[3]
ORDERS, MEMBERS, KILLS = 3_000, 300, series(2, long=8)


def process(home, *arguments):
    kept = {
        name: value for name, value in os.environ.items() if name not in {"SHUKE_DATABASE_URL", "SHUKE_LAKE"}
    }
    environment = kept | {
        "SHUKE_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def finish(running):
    output, _errors = running.communicate(timeout=300)
    assert running.returncode == 0
    return output.split()


def fill(shelf):
    """Orders of two lines, forty to a second, one line in a thousand bad; five refunds."""
    for number in range(MEMBERS):
        shelf.members.append(
            {"id": f"C{number}", "updated": number // 40, "kind": "members", "rows": [member(number)]}
        )
    for number in range(ORDERS):
        lines = [
            line(number, place, "bad" if number % 500 == 7 and place == 2 else "1.25") for place in (1, 2)
        ]
        shelf.orders.append({"id": f"O{number}", "updated": number // 40, "kind": "orders", "rows": lines})
    for number in range(5):
        back = {"refund_no": f"R{number}", "order_no": f"O{number}", "refunded_at": "2026-02-01T10:00:00Z"}
        shelf.orders.append(
            {"id": f"R{number}", "updated": 1, "kind": "refunds", "rows": [back | {"amount": "1.00"}]}
        )


def member(number):
    return {"external": f"C{number}", "email": f"c{number}@example.com", "city": "Oslo"}


def line(number, place, paid):
    return {
        "order_no": f"O{number}",
        "line_no": str(place),
        "placed_at": "2026-01-05T10:00:00Z",
        "external": f"C{number % MEMBERS}",
        "product_id": f"P{number % 97}",
        "quantity": "1",
        "paid": paid,
    }


@pytest.mark.slow
def test_kill_9_in_mid_synchronisation_loses_and_doubles_nothing(tmp_path):
    home, chance = tmp_path / "home", random.Random(11)
    place_database(home)
    with village_shop() as shelf:
        fill(shelf)
        [run_id] = finish(process(home, "prepare", shelf.address))
        for _ in range(KILLS):
            running = process(home, "run", run_id)
            running.stdout.readline()
            time.sleep(chance.uniform(0.0, 1.2))
            running.kill()
            running.wait()
        _running, state, rows, _new = finish(process(home, "run", run_id))
    assert state == "done"
    assert int(rows) >= 2 * ORDERS + MEMBERS
    with Lake(home / "lake").read() as snapshot:
        lines, orders = snapshot.table("order_lines").to_polars(), snapshot.table("orders").to_polars()
        refunds, rejected = snapshot.table("refunds").to_polars(), snapshot.table("rejected_rows").to_polars()
        identity = snapshot.table("identity_map").to_polars()
    bad = ORDERS // 500
    assert (lines.height, lines.select("order_id", "line_no").n_unique()) == (2 * ORDERS - bad,) * 2
    assert (orders.height, orders["order_id"].n_unique()) == (ORDERS, ORDERS)
    assert (refunds.height, refunds["refund_id"].n_unique()) == (5, 5)
    assert orders["paid_minor"].sum() == lines["paid_minor"].sum() == 125 * (2 * ORDERS - bad)
    assert rejected.filter(pl.col("code") == "not_a_number").select("raw").n_unique() == bad
    assert identity["member_id"].n_unique() == MEMBERS
    assert set(orders["person_key"]) <= set(identity["person_key"])
