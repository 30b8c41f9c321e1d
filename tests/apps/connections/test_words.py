"""Every word of the framework-free part of imports stands in the catalogue."""

import ast
import re
from pathlib import Path

from shuke import sources
from shuke.apps.connections.queries import source_words
from shuke.apps.connections.queries.words import FILE_TEXTS, LABELS, LAYOUT_LABELS, REASON_TEXTS
from shuke.sources import files
from shuke.sources.connectors import CONNECTORS
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


def source_calls(name):
    """Second arguments of calls of a class in the connectors that are plain sentences."""
    found = set()
    for path in Path(sources.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name and len(node.args) > 1:
                if isinstance(node.args[1], ast.JoinedStr):
                    parts = node.args[1].values
                    found.add("".join(p.value if isinstance(p, ast.Constant) else "{name}" for p in parts))
                elif isinstance(node.args[1], ast.Constant):
                    found.add(str(node.args[1].value))
    return found


def test_words_of_connectors_are_named():
    fields = [
        field
        for connector in CONNECTORS.values()
        for field in (*connector.settings_fields, *connector.secret_fields)
    ]
    words = {text for field in fields for text in (field.label, field.help) if text}
    assert words == set(source_words.LABELS)
    assert source_calls("SourceError") == set(source_words.ERRORS)
    quoted = re.compile("“[^”]*”")
    records = {quoted.sub("“{name}”", text) for text in source_calls("UnusableRecordError")}
    assert records == set(source_words.RECORDS)
