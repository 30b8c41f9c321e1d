"""Imports are killed with SIGKILL at random moments and run again: no row is lost, none is doubled."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from shuke.lake import Lake
from tests.migrated import place_database
from tests.series import series

SCRIPT = Path(__file__).with_name("importing_process.py")
LINES, MEMBERS = 30_000, 1_000
KILLS = series(2, long=8)


def environment(home: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in {"SHUKE_DATABASE_URL", "SHUKE_LAKE"}
    }
    return kept | {"SHUKE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}


def process(home: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True, cwd=Path.cwd())


def finish(running: subprocess.Popen[str]) -> list[str]:
    output, _errors = running.communicate(timeout=300)
    assert running.returncode == 0
    return output.split()


def files(folder: Path) -> list[str]:
    numbers = pl.int_range(LINES, eager=True)
    pl.DataFrame(
        {
            "order_no": (numbers // 5).cast(pl.String),
            "placed_at": pl.Series(["2026-01-05 10:00:00"]).new_from_index(0, LINES),
            "external": (numbers // 5 % MEMBERS).cast(pl.String),
            "product_id": (numbers % 997).cast(pl.String),
            "quantity": 1 + numbers % 3,
            "paid": pl.select(
                pl.when(numbers % 1000 == 7).then(pl.lit("bad")).otherwise(pl.lit("1.25"))
            ).to_series(),
        }
    ).write_csv(folder / "orders.csv")
    ids = pl.int_range(MEMBERS, eager=True).cast(pl.String)
    pl.DataFrame({"external": ids, "email": ids + "@example.com", "city": "Wuhan"}).write_csv(
        folder / "members.csv"
    )
    return ["members", str(folder / "members.csv"), "orders", str(folder / "orders.csv")]


@pytest.mark.once
@pytest.mark.slow
def test_kill_9_in_mid_import_loses_and_doubles_nothing(tmp_path):
    home, chance = tmp_path / "home", random.Random(4)
    place_database(home)
    batches = finish(process(home, "prepare", *files(tmp_path)))
    for batch_id in batches:
        for _ in range(KILLS // 2):
            running = process(home, "run", batch_id)
            assert running.stdout is not None
            running.stdout.readline()
            time.sleep(chance.uniform(0.0, 1.5))
            running.kill()
            running.wait()
        finish(process(home, "run", batch_id))
    lake = Lake(home / "lake")
    with lake.read() as snapshot:
        lines, orders = snapshot.table("order_lines").to_polars(), snapshot.table("orders").to_polars()
        rejected = snapshot.table("rejected_rows").to_polars()
        identity = snapshot.table("identity_map").to_polars()
        attributes = snapshot.table("member_attributes").to_polars()
    bad = LINES // 1000
    assert (lines.height, lines.select("order_id", "line_no").n_unique()) == (LINES - bad, LINES - bad)
    assert (orders.height, orders["order_id"].n_unique()) == (LINES // 5, LINES // 5)
    assert (rejected.height, rejected["row_no"].n_unique()) == (bad, bad)
    assert orders["paid_minor"].sum() == lines["paid_minor"].sum() == 125 * (LINES - bad)
    assert (identity.height, identity["member_id"].n_unique()) == (2 * MEMBERS, MEMBERS)
    assert set(orders["person_key"]) <= set(identity["person_key"])
    assert attributes.height == MEMBERS
