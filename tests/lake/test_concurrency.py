"""Several real processes on one table: nothing is lost, nothing is doubled, nobody sees half."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from shuke.lake import Lake
from tests.lake import writers
from tests.lake.company import PATIENCE, Company
from tests.lake.rows import order_lines

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    company = Company()
    yield company
    company.close()


def rows(lake: Lake, name: str = "order_lines") -> list[dict[str, Any]]:
    with lake.read() as snapshot:
        found: list[dict[str, Any]] = snapshot.table(name).to_pyarrow().to_pylist()
    return found


def test_two_appenders_lose_nothing_even_on_a_table_that_neither_finds(lake, company):
    company.run(lake.root, (writers.append, 1, 10), (writers.append, 2, 10))
    found = [row["order_id"] for row in rows(lake)]
    assert len(found) == len(set(found)) == 200


def test_racing_creators_make_one_first_version(tmp_path, company):
    company.run(tmp_path, *[(writers.create, who, 15) for who in range(3)])
    logs = [len(list(Path(tmp_path, str(n), "_delta_log").glob("*.json"))) for n in range(15)]
    assert logs == [1] * 15


def test_upserts_of_the_same_keys_leave_one_row_each(lake, company):
    company.run(lake.root, *[(writers.upsert, who, 6) for who in (1, 2, 3)])
    found = rows(lake)
    assert len(found) == len({row["order_id"] for row in found}) == 30
    with lake.read() as snapshot:
        assert snapshot.version("order_lines") == 18


def test_replacements_of_the_same_partition_leave_one_of_them(lake, company):
    company.run(lake.root, *[(writers.replace, who, 6) for who in (1, 2, 3)])
    found = rows(lake, "traits")
    assert len(found) == 20
    assert len({row["frequency"] for row in found}) == 1


def test_readers_see_whole_batches_while_others_append_compact_and_sort(lake, company):
    """The writers go on until enough was seen, however fast they and the reader are."""
    lake.append("order_lines", order_lines(0, 10))
    appending = [(writers.append_until_told, who, 5) for who in (1, 2)]
    working = company.start(lake.root, *appending, (writers.compact, 0, 3))
    counts: list[int] = []
    until = monotonic() + PATIENCE
    while (len(counts) < 10 or len(set(counts)) < 4) and monotonic() < until:
        counts.append(len(rows(lake)))
    commits = sum(company.finish(working))
    assert len(set(counts)) >= 4
    assert all(count % 10 == 0 for count in counts)
    assert counts == sorted(counts)
    assert len({row["order_id"] for row in rows(lake)}) == len(rows(lake)) == 10 + 10 * commits


def test_erasure_and_appends_do_not_disturb_each_other(lake, company):
    lake.append("order_lines", order_lines(0, 10, person="person7"))
    company.run(lake.root, (writers.append, 1, 12), (writers.append, 2, 12), (writers.delete, 7, 3))
    found = rows(lake)
    assert len(found) == 240
    assert "person7" not in {row["person_key"] for row in found}


def test_a_table_opens_while_its_checkpoint_is_renewed(lake, company):
    lake.append("order_lines", order_lines(0, 10))
    opening = [(writers.open_again, who, 150) for who in range(2)]
    company.run(lake.root, (writers.renew_checkpoints, 1, 30), *opening)


def test_a_transaction_arrives_once_however_many_processes_send_it(lake, company):
    company.run(lake.root, *[(writers.same_transactions, who, 15) for who in range(3)])
    found = [row["order_id"] for row in rows(lake)]
    assert len(found) == len(set(found)) == 150
