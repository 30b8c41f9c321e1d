"""Several real processes on one table: nothing is lost, nothing is doubled, nobody sees half."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shuke.lake import Lake
from tests.lake import writers
from tests.lake.rows import order_lines

pytestmark = pytest.mark.slow
#: delta-rs does not survive a fork after its first use, so processes are spawned.
CONTEXT = multiprocessing.get_context("spawn")


def start(lake: Lake, *tasks: tuple[Callable[[str, int, int], None], int, int]) -> list[Any]:
    processes = [CONTEXT.Process(target=task, args=(str(lake.root), who, n)) for task, who, n in tasks]
    for process in processes:
        process.start()
    return processes


def finish(processes: list[Any]) -> None:
    for process in processes:
        process.join(180)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def rows(lake: Lake, name: str = "order_lines") -> list[dict[str, Any]]:
    with lake.read() as snapshot:
        found: list[dict[str, Any]] = snapshot.table(name).to_pyarrow().to_pylist()
    return found


def test_two_appenders_lose_nothing_even_on_a_table_that_neither_finds(lake):
    finish(start(lake, (writers.append, 1, 15), (writers.append, 2, 15)))
    found = [row["order_id"] for row in rows(lake)]
    assert len(found) == len(set(found)) == 300


def test_racing_creators_make_one_first_version(tmp_path):
    meeting = CONTEXT.Barrier(3)
    processes = [CONTEXT.Process(target=writers.create, args=(str(tmp_path), meeting, 40)) for _ in range(3)]
    for process in processes:
        process.start()
    finish(processes)
    logs = [len(list(Path(tmp_path, str(n), "_delta_log").glob("*.json"))) for n in range(40)]
    assert logs == [1] * 40


def test_upserts_of_the_same_keys_leave_one_row_each(lake):
    finish(start(lake, (writers.upsert, 1, 9), (writers.upsert, 2, 9), (writers.upsert, 3, 9)))
    found = rows(lake)
    assert len(found) == len({row["order_id"] for row in found}) == 30
    with lake.read() as snapshot:
        assert snapshot.version("order_lines") == 27


def test_replacements_of_the_same_partition_leave_one_of_them(lake):
    finish(start(lake, (writers.replace, 1, 10), (writers.replace, 2, 10), (writers.replace, 3, 10)))
    found = rows(lake, "traits")
    assert len(found) == 20
    assert len({row["frequency"] for row in found}) == 1


def test_readers_see_whole_batches_while_others_append_compact_and_sort(lake):
    lake.append("order_lines", order_lines(0, 10))
    processes = start(lake, (writers.append, 1, 25), (writers.append, 2, 25), (writers.compact, 0, 6))
    counts = []
    while any(process.is_alive() for process in processes):
        counts.append(len(rows(lake)))
    finish(processes)
    assert len(counts) > 10
    assert all(count % 10 == 0 for count in counts)
    assert counts == sorted(counts)
    assert len({row["order_id"] for row in rows(lake)}) == len(rows(lake)) == 510


def test_erasure_and_appends_do_not_disturb_each_other(lake):
    lake.append("order_lines", order_lines(0, 10, person="person7"))
    finish(start(lake, (writers.append, 1, 25), (writers.append, 2, 25), (writers.delete, 7, 5)))
    found = rows(lake)
    assert len(found) == 500
    assert "person7" not in {row["person_key"] for row in found}


def test_a_table_opens_while_its_checkpoint_is_renewed(lake):
    lake.append("order_lines", order_lines(0, 10))
    opening = [(writers.open_again, who, 400) for who in range(2)]
    finish(start(lake, (writers.renew_checkpoints, 1, 80), *opening))


def test_a_transaction_arrives_once_however_many_processes_send_it(lake):
    finish(start(lake, *[(writers.same_transactions, who, 25) for who in range(3)]))
    found = [row["order_id"] for row in rows(lake)]
    assert len(found) == len(set(found)) == 250
