"""The workers' shares of the tests: what is named there is here, and a shop's modules stay together."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.sharing import FIRST, TOGETHER, Shares

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[1]


class Worker:
    """What the scheduler sends to a worker."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_every_place_that_is_named_exists():
    places = [*FIRST, *(place for row in TOGETHER for place in row)]
    assert [start for start in places if not list(ROOT.glob(f"{start}*"))] == []


def test_what_starts_a_postgresql_of_its_own_has_one_worker():
    """Each further worker would pay for a server and for all migrations."""
    asking = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("tests/**/test_*.py")
        if "postgresql_server" in path.read_text() and path != Path(__file__)
    ]
    assert asking
    assert [path for path in asking if not path.startswith(TOGETHER[0])] == []


def test_modules_and_shops_stay_whole_and_the_longest_begin(pytestconfig, monkeypatch):
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen", "popen"], raising=False)
    monkeypatch.setattr(pytestconfig.option, "loadscopereorder", True, raising=False)
    tests = [f"tests/apps/a/test_{module}.py::test_{n}[x::y]" for module in "ab" for n in range(3)]
    tests += [f"tests/systems/oscar/test_{module}.py::test_{n}" for module in "ab" for n in range(2)]
    tests += ["tests/spark/test_parity.py::test_a"]
    shares, workers = Shares(pytestconfig), [Worker("one"), Worker("two")]
    for worker in workers:
        shares.add_node(worker)
    for worker in workers:
        shares.add_node_collection(worker, tests)
    shares.schedule()
    first, second = ([tests[n] for n in worker.given] for worker in workers)
    assert first[0].startswith("tests/spark/")
    assert [name.split("/test_")[0] for name in second] == ["tests/systems/oscar"] * 4
    while not all(worker.shutting_down for worker in workers):
        for worker in workers:
            for index in list(worker.given):
                shares.mark_test_complete(worker, index)
    assert Counter(n for worker in workers for n in worker.given) == Counter(range(len(tests)))
    for worker in workers:
        assert {tests[n].split("::")[0] for n in worker.given}.isdisjoint(
            {tests[n].split("::")[0] for other in workers if other is not worker for n in other.given}
        )
