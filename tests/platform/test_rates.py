"""Calls are counted over threads and processes, per key and minute."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shuke.platform.rates import PROBES, SLOTS, count_call


def test_counts_per_key_and_minute(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    assert [count_call(path, key="a", minute=1) for _ in range(3)] == [1, 2, 3]
    assert count_call(path, key="b", minute=1) == 1
    assert count_call(path, key="a", minute=2) == 1
    assert count_call(path, key="b", minute=1) == 2


def _hammer(path: Path) -> int:
    return max(count_call(path, key="shared", minute=7) for _ in range(200))


def test_no_call_is_lost_between_threads_and_processes(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    with multiprocessing.get_context("spawn").Pool(2) as pool, ThreadPoolExecutor(4) as threads:
        waiting = pool.map_async(_hammer, [path, path])
        list(threads.map(_hammer, [path] * 4))
        waiting.get(timeout=300)
    assert count_call(path, key="shared", minute=7) == 6 * 200 + 1


def test_more_callers_than_slots_err_on_refusing(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    callers = SLOTS * 2
    for number in range(callers):
        assert count_call(path, key=str(number), minute=1) >= 1
    assert path.stat().st_size <= SLOTS * 16
    assert PROBES < SLOTS
