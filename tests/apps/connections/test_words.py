"""Every word of the framework-free part of imports stands in the catalogue."""

import ast
from pathlib import Path

from shuke.apps.connections.queries.words import FILE_TEXTS, LABELS, LAYOUT_LABELS, REASON_TEXTS
from shuke.sources import files
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.layouts import LAYOUTS
from shuke.sources.files.reasons import REASONS


def test_labels_and_reasons_are_named():
    assert {field.label for kind in KINDS.values() for field in kind.fields} == set(LABELS)
    assert set(REASONS.values()) == set(REASON_TEXTS)
    assert {layout.label for layout in LAYOUTS.values()} == set(LAYOUT_LABELS)


def test_refusals_of_files_are_named():
    found = set()
    for path in Path(files.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UnreadableFileError":
                found.add(ast.literal_eval(node.args[1]))
    assert len(found) > 10
    assert found == set(FILE_TEXTS)
