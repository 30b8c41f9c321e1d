"""Taking members out of the files of a bundle, in place: what is served changes at once, in every process.

A member's id is overwritten by the id before it (the empty text for the first), which keeps the ids in order, and no
search for anybody ends on the row.  Its lists are emptied, its purchases become nothing.  Killed in between, the bundle
still opens: the hashes of files that are being changed are taken out of the manifest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shuke.apps.recommendations.adapters.bundle_files import (
    file_hash,
    golden,
    open_bundle,
    read_manifest,
    write_manifest,
)
from shuke.science.recommendations.histories import numbers_of

#: What a row of a member says afterwards.
EMPTY = {"baskets": 0, "member_store": -1, "member_segment": -1}
NOTHING_BOUGHT = {"item": 0, "count": 0, "last_day": 0, "gap": np.nan, "spread": np.nan}


def members_of(folder: Path) -> list[str]:
    """Every member id that the files know."""
    ids = np.load(folder / "member_ids.npy", mmap_mode="r", allow_pickle=False)
    return [str(member_id) for member_id in np.unique(ids) if member_id]


def blank(folder: Path, member_ids: Sequence[str]) -> int:
    """Take these members out; how many were in it.  Raises ``UnfitBundle``."""
    manifest = read_manifest(folder)
    ids = np.load(folder / "member_ids.npy", mmap_mode="r", allow_pickle=False)
    places = numbers_of(ids.view(np.ndarray), np.array(member_ids, dtype=str))
    numbers = sorted(
        {int(place) for place, member in zip(places, member_ids, strict=True) if place >= 0 and member}
    )
    torn = [name for name, told in manifest["files"].items() if told["sha256"] is None]
    if not numbers and not torn:
        return 0
    changed = _changed_files(manifest)
    for name in changed:
        manifest["files"][name]["sha256"] = None
    manifest["golden"] = {n: said for n, said in manifest["golden"].items() if int(n) not in numbers}
    write_manifest(folder, manifest)
    for number in numbers:
        _blank_row(folder, number, manifest)
    _settle(folder, manifest, [*changed, *torn])
    return len(numbers)


def _changed_files(manifest: dict[str, Any]) -> list[str]:
    lists = [f"lists.{name}.{column}.npy" for name in manifest["lists"] for column in ("items", "scores")]
    bought = [f"purchases.{name}.npy" for name in NOTHING_BOUGHT]
    return ["member_ids.npy", *(f"{name}.npy" for name in EMPTY), *bought, *lists]


def _blank_row(folder: Path, number: int, manifest: dict[str, Any]) -> None:
    """The id goes last: until it is gone, whoever is killed finds the member again."""
    for name in manifest["lists"]:
        _put(folder, f"lists.{name}.items", number, -1)
        _put(folder, f"lists.{name}.scores", number, -np.inf)
    rows = np.load(folder / "purchases.rows.npy", mmap_mode="r", allow_pickle=False)
    own = slice(int(rows[number]), int(rows[number + 1]))
    for name, value in NOTHING_BOUGHT.items():
        _put(folder, f"purchases.{name}", own, value)
    for name, value in EMPTY.items():
        _put(folder, name, number, value)
    ids = _writable(folder, "member_ids")
    ids[number] = ids[number - 1] if number else ""
    ids.flush()


def _put(folder: Path, name: str, place: int | slice, value: float) -> None:
    array = _writable(folder, name)
    if array is not None and array.size:
        array[place] = value
        array.flush()


def _writable(folder: Path, name: str) -> Any:
    path = folder / f"{name}.npy"
    try:
        return np.load(path, mmap_mode="r+", allow_pickle=False)
    except ValueError:
        # An array without elements cannot be mapped, and holds nobody.
        return None


def _settle(folder: Path, manifest: dict[str, Any], changed: list[str]) -> None:
    for name in changed:
        manifest["files"][name]["sha256"] = file_hash(folder / name)
    numbers = [int(number) for number in manifest["golden"]]
    manifest["golden"] = golden(open_bundle(folder), numbers=numbers)
    write_manifest(folder, manifest)
