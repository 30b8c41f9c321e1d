"""Bundles on disk: what is written is read, what is damaged is refused, what is killed leaves a whole one served."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from shuke.apps.recommendations.adapters import bundle_files
from shuke.apps.recommendations.adapters.bundle_arrays import arrays_of
from shuke.apps.recommendations.adapters.bundle_erasing import blank, members_of
from shuke.apps.recommendations.adapters.bundle_files import (
    UnfitBundle,
    activate,
    active_bundle,
    active_id,
    clear_leftovers,
    open_bundle,
    read_manifest,
    remove,
    verify,
    write_bundle,
    write_manifest,
)
from shuke.science.recommendations.bundles import Bundle
from tests.apps.recommendations.small_bundles import small_bundle, small_history

pytestmark = pytest.mark.once
SMALL = small_bundle(small_history(members=12, items=20, baskets=4), depth=15)


def written(root: Path, bundle_id: str, bundle: Bundle = SMALL) -> Path:
    """The folder of a bundle that was written."""
    write_bundle(root / bundle_id, replace(bundle, id=bundle_id))
    return root / bundle_id


def test_what_is_written_is_read_and_cannot_be_changed(tmp_path: Path) -> None:
    read = verify(written(tmp_path, "bdl_a"))
    told, found = arrays_of(SMALL), arrays_of(read)
    assert set(told) == set(found)
    for name, array in told.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
        assert array.dtype == found[name].dtype
    assert (read.as_of, read.id) == (SMALL.as_of, "bdl_a")
    assert read.member_number(str(SMALL.member_ids[3])) == 3
    assert read.member_number("nobody") == -1
    with pytest.raises(ValueError, match="read-only"):
        read.lists[next(iter(read.lists))].items[0, 0] = 1
    assert {f.name for f in fields(Bundle)} >= {"lists", "neighbours", "popular"}


def test_a_manifest_says_sizes_hashes_and_its_own_words(tmp_path: Path) -> None:
    told = write_bundle(tmp_path / "bdl_a", replace(SMALL, id="bdl_a", manifest={"best": "popularity"}))
    assert told["best"] == "popularity"
    assert told == json.loads((tmp_path / "bdl_a" / "manifest.json").read_text())
    for name, said in told["files"].items():
        assert (tmp_path / "bdl_a" / name).stat().st_size == said["bytes"]
        assert len(said["sha256"]) == 64
    assert told["size_bytes"] == sum(said["bytes"] for said in told["files"].values())


def wait_until(reached: Callable[[], bool], *, seconds: float = 240) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "It never came to it."
        time.sleep(0.01)


def cut_short(folder: Path) -> None:
    path = folder / "purchases.item.npy"
    path.write_bytes(path.read_bytes()[:-4])


def gone(folder: Path) -> None:
    (folder / "neighbours.similar.items.npy").unlink()


def flipped_in_golden(folder: Path) -> None:
    path = folder / "lists.personal-frequency.items.npy"
    content = bytearray(path.read_bytes())
    content[128] ^= 1
    path.write_bytes(bytes(content))


def torn_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:-20])


def other_format(folder: Path) -> None:
    write_manifest(folder, {**read_manifest(folder), "format": 99})


@pytest.mark.parametrize("damage", [cut_short, gone, flipped_in_golden, torn_manifest, other_format])
def test_a_damaged_bundle_is_refused_and_the_one_before_stays(tmp_path: Path, damage) -> None:
    written(tmp_path, "bdl_a")
    activate(tmp_path, "bdl_a")
    folder = written(tmp_path, "bdl_b")
    damage(folder)
    with pytest.raises(UnfitBundle, match="bdl_b"):
        open_bundle(folder)
    with pytest.raises(UnfitBundle):
        activate(tmp_path, "bdl_b")
    assert active_id(tmp_path) == "bdl_a"
    # Also where the pointer says otherwise: by a process that has one open, and by a new one.
    assert active_bundle(tmp_path).id == "bdl_a"
    (tmp_path / "active").write_text("bdl_b")
    assert active_bundle(tmp_path).id == "bdl_a"
    bundle_files._doors.clear()
    assert active_bundle(tmp_path).id == "bdl_a"
    shutil.rmtree(tmp_path / "bdl_a")
    (tmp_path / "active").write_text("bdl_b\n")
    assert active_bundle(tmp_path).id == "bdl_a"


def test_a_changed_byte_anywhere_is_found_before_it_is_served(tmp_path: Path) -> None:
    folder = written(tmp_path, "bdl_a")
    path = folder / "goods.price.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    open_bundle(folder)
    with pytest.raises(UnfitBundle, match=r"goods\.price\.npy"):
        activate(tmp_path, "bdl_a")
    assert active_id(tmp_path) == ""


@pytest.mark.parametrize("name", ["../bdl_a", "", ".", "a/b", "A" * 90])
def test_a_name_never_leads_out_of_the_root(tmp_path: Path, name: str) -> None:
    written(tmp_path, "bdl_a")
    for act in (activate, remove):
        with pytest.raises(UnfitBundle):
            act(tmp_path / "inner", name)
    (tmp_path / "active").write_text(name)
    assert active_id(tmp_path) in {"", name.strip()}
    assert (tmp_path / "bdl_a").exists()


def test_every_reader_sees_the_switch_and_one_opens_it(tmp_path: Path, monkeypatch) -> None:
    for name in ("bdl_a", "bdl_b"):
        written(tmp_path, name)
    assert active_bundle(tmp_path) is None
    activate(tmp_path, "bdl_a")
    opened = []
    true_open = bundle_files.open_bundle
    monkeypatch.setattr(
        bundle_files, "open_bundle", lambda folder: opened.append(folder.name) or true_open(folder)
    )
    seen: list[set[str]] = [set() for _ in range(8)]
    stop = threading.Event()

    def read(place: int) -> None:
        while not stop.is_set():
            found = active_bundle(tmp_path)
            seen[place].add(found.id)
            assert found.lists["popularity"].items.shape[0] == 12

    threads = [threading.Thread(target=read, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: all("bdl_a" in names for names in seen))
    opened.clear()
    activate(tmp_path, "bdl_b")
    wait_until(lambda: all("bdl_b" in names for names in seen))
    stop.set()
    for thread in threads:
        thread.join()
    # Once to verify it, once to serve it.
    assert opened == ["bdl_b", "bdl_b"]


def test_a_removed_bundle_is_still_read_by_who_has_it(tmp_path: Path) -> None:
    for name in ("bdl_a", "bdl_b"):
        written(tmp_path, name)
    activate(tmp_path, "bdl_a")
    held = active_bundle(tmp_path)
    with pytest.raises(UnfitBundle, match="being served"):
        remove(tmp_path, "bdl_a")
    activate(tmp_path, "bdl_b")
    remove(tmp_path, "bdl_a")
    assert not (tmp_path / "bdl_a").exists()
    for name, array in arrays_of(held).items():
        np.testing.assert_array_equal(array, arrays_of(SMALL)[name], err_msg=name)


def test_an_erased_member_is_in_no_byte_and_all_others_are_as_before(tmp_path: Path) -> None:
    folder = written(tmp_path, "bdl_a")
    activate(tmp_path, "bdl_a")
    serving = active_bundle(tmp_path)
    who = [str(SMALL.member_ids[number]) for number in (0, 5, 6, 11)]
    assert blank(folder, [*who, "mem_nobody", ""]) == 4
    for path in folder.iterdir():
        content = path.read_bytes()
        for member in who:
            assert member.encode() not in content
            assert member.encode("utf-32-le") not in content, path.name
    # Who serves it sees it at once, without opening it again.
    for found in (serving, verify(folder)):
        for member in who:
            assert found.member_number(member) == -1
        for number in set(range(12)) - {0, 5, 6, 11}:
            assert found.member_number(str(SMALL.member_ids[number])) == number
            for name, lists in SMALL.lists.items():
                np.testing.assert_array_equal(lists.items[number], found.lists[name].items[number])
            own = slice(SMALL.purchases.rows[number], SMALL.purchases.rows[number + 1])
            np.testing.assert_array_equal(SMALL.purchases.item[own], found.purchases.item[own])
        for number in (0, 5, 6, 11):
            own = slice(SMALL.purchases.rows[number], SMALL.purchases.rows[number + 1])
            assert not found.purchases.count[own].any()
            assert all((lists.items[number] == -1).all() for lists in found.lists.values())
    assert blank(folder, who) == 0
    assert set(members_of(folder)) == {str(m) for m in SMALL.member_ids} - set(who)


def test_an_erasure_that_was_killed_is_taken_up_again(tmp_path: Path, monkeypatch) -> None:
    folder = written(tmp_path, "bdl_a")
    who = str(SMALL.member_ids[0])
    monkeypatch.setattr(
        "shuke.apps.recommendations.adapters.bundle_erasing._put",
        lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
    )
    with pytest.raises(KeyboardInterrupt):
        blank(folder, [who])
    monkeypatch.undo()
    assert open_bundle(folder).member_number(who) == 0
    assert blank(folder, [who]) == 1
    assert verify(folder).member_number(who) == -1


LOOP = """
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from shuke.apps.recommendations.adapters.bundle_files import activate, kept_ids, open_bundle, remove, write_bundle
root, small = Path(sys.argv[1]), open_bundle(Path(sys.argv[3]))
print("begun", flush=True)
for number in count(int(sys.argv[2])):
    name = f"bdl_{number:06}"
    write_bundle(root / name, replace(small, id=name))
    activate(root, name)
    print(name, flush=True)
    for old in kept_ids(root)[:-3]:
        remove(root, old)
"""


def test_kill_9_at_any_point_leaves_a_whole_bundle_served(tmp_path: Path) -> None:
    chance, before = random.Random(6), ""
    small = written(tmp_path, "small")
    root = tmp_path / "root"
    root.mkdir()
    for life in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, str(root), str(life * 1000), str(small)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        )
        assert process.stdout
        for _ in range(chance.randint(1, 4)):
            assert process.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.communicate()
        bundle_files._doors.clear()
        served = active_bundle(root)
        assert active_id(root) >= before
        if served is not None:
            assert served.id == active_id(root)
            verify(root / served.id)
        before = active_id(root)
        clear_leftovers(root)
        assert not list(root.glob(".writing-*"))
    assert before, "It never came to serve anything."


def test_an_unknown_id_never_becomes_a_known_one() -> None:
    """Cut to the width of the known ids it would."""
    known = str(SMALL.item_ids[0])
    longer = str(max(SMALL.item_ids, key=len)) + "-and-more"
    assert SMALL.item_numbers([known, longer, ""]).tolist() == [0, -1, -1]
    assert SMALL.item_numbers([]).tolist() == []
