"""Files that somebody else wrote, or that a failing disk left, end in no answer but never in a fault of the house."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from shuke.apps.recommendations.adapters.bundle_files import (
    UnfitBundle,
    activate,
    active_bundle,
    active_id,
    open_bundle,
    write_bundle,
)
from shuke.apps.recommendations.operations.exporting import _rows
from shuke.apps.recommendations.schemas import Answer, RecommendedItem
from shuke.sources.files.exporting import harmless
from tests.apps.recommendations.small_bundles import small_bundle, small_history

pytestmark = pytest.mark.once
SMALL = small_bundle(small_history(members=8, items=12, baskets=4), depth=6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "bdl_a", replace(SMALL, id="bdl_a"))
    activate(tmp_path, "bdl_a")
    return tmp_path / "bdl_a"


ODD_POINTERS: dict[str, Callable[[Path], Any]] = {
    "not_utf8": lambda path: path.write_bytes(b"\xff\xfe"),
    "a_path": lambda path: path.write_text("../bdl_a"),
    "nothing": lambda path: path.write_text(""),
    "long": lambda path: path.write_text("a" * 5000),
    "a_folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("name", ODD_POINTERS)
def test_an_odd_pointer_names_nothing_and_the_newest_whole_bundle_is_served(folder: Path, name: str) -> None:
    ODD_POINTERS[name](folder.parent / "active")
    assert active_id(folder.parent) == ""
    found = active_bundle(folder.parent)
    assert found is not None
    assert found.id == "bdl_a"


ODD_MANIFESTS: list[dict[str, Any]] = [
    {"files": []},
    {"files": {"item_ids.npy": {}}},
    {"files": {"../../etc/passwd": {"bytes": 1}}},
    {"as_of": "yesterday"},
    {"golden": {"x": 1}},
    {"golden": []},
    {"lists": ["nothing"]},
    {"lists": 5},
]


@pytest.mark.parametrize("odd", ODD_MANIFESTS, ids=str)
def test_a_manifest_that_says_what_cannot_be_is_refused(folder: Path, odd: dict[str, Any]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | odd))
    with pytest.raises(UnfitBundle):
        open_bundle(folder)
    assert active_bundle(folder.parent) is None


def test_what_comes_from_catalogues_is_no_formula_in_an_exported_file(tmp_path: Path) -> None:
    item = RecommendedItem("=1+1", "@SUM(A1)", 1, 0.5, "popularity", reason="＝cmd|calc buy this often")
    answer = Answer("for-you", "lst_1", "bdl_a", None, "only", "popularity", "", (item,))
    table = _rows(["mem_1"], iter([answer]), told=harmless)
    pyarrow.csv.write_csv(table, tmp_path / "lists.csv")
    text = (tmp_path / "lists.csv").read_text()
    assert '"\'=1+1"' in text
    assert "\"'＝cmd|calc" in text
