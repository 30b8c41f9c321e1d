"""All that is held on a person, for programs and for readers."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from shuke.apps.compliance.queries.words import INNER, field_name, section_name
from shuke.apps.members.queries import absorbed_members, member
from shuke.platform.privacy import export_all, trace_of
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake

DEEPEST = 4


@dataclass(frozen=True)
class Block:
    """A part of the readable file: facts one below the other, a table, or parts of its own."""

    title: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    blocks: list["Block"] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.pairs or self.rows or any(not block.is_empty for block in self.blocks))


def person_data(member_id: str, *, at: datetime) -> dict[str, Any]:
    """Everything: what each app holds, and the facts of the lake by table.  Raises ``NotFound``."""
    person = member(member_id)
    ids = [person.id, *absorbed_members(person.id)]
    held = {member_id: export_all(member_id) for member_id in ids}
    return {
        "exported_at": at.isoformat(),
        "retailer": retailer().name,
        "member_id": person.id,
        "held": held[person.id],
        "held_of_merged": {key: value for key, value in held.items() if key != person.id},
        "facts": dict(_facts(ids, [key for each in ids for key in trace_of(each).person_keys])),
    }


def _facts(member_ids: list[str], person_keys: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    keys = [*person_keys, *member_ids]
    with lake().read() as snapshot:
        for name, definition in lake().tables.items():
            column = next((c for c in ("person_key", "member_id") if c in definition.column_names), None)
            if column is None or snapshot.version(name) is None:
                continue
            table = snapshot.table(name)
            rows = table.filter(table[column].isin(keys)).to_pyarrow().to_pylist()
            if rows:
                yield name, rows


def person_archive(member_id: str, *, at: datetime) -> bytes:
    """A ZIP file: ``data.json`` for programs, and a page to read in each language."""
    data = person_data(member_id, at=at)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1, default=str))
        plain = json.loads(json.dumps(data, default=str))
        for language, _name in settings.LANGUAGES:
            archive.writestr(f"data.{language}.html", readable(plain, language=language))
    return packed.getvalue()


def readable(data: Mapping[str, Any], *, language: str) -> str:
    """The page of one language."""
    with override(language):
        parts = {**data["held"], **{f"lake:{name}": rows for name, rows in data["facts"].items()}}
        blocks = [_block(section_name(name.removeprefix("lake:")), value) for name, value in parts.items()]
        merged = [
            _block(f"{section_name(name)} ({member_id})", value)
            for member_id, held in data["held_of_merged"].items()
            for name, value in held.items()
        ]
        shown = [block for block in (*blocks, *merged) if not block.is_empty]
        context = {"blocks": shown, "data": data, "language": language}
        return render_to_string("compliance/export.html", context)


def _block(title: str, value: Any, depth: int = 0) -> Block:
    if isinstance(value, dict) and depth < DEEPEST:
        plain = {k: v for k, v in value.items() if not isinstance(v, (dict, list)) and k not in INNER}
        nested = {k: v for k, v in value.items() if isinstance(v, (dict, list)) and k not in INNER}
        return Block(
            title,
            pairs=[(field_name(k), _text(v)) for k, v in plain.items() if _text(v)],
            blocks=[_block(_title(k), v, depth + 1) for k, v in nested.items() if v],
        )
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        names = [n for n in dict.fromkeys(n for item in value for n in item) if n not in INNER]
        names = [n for n in names if any(_text(item.get(n)) for item in value)]
        rows = [[_text(item.get(name)) for name in names] for item in value]
        return Block(title, headers=[field_name(name) for name in names], rows=rows)
    return Block(title, pairs=[("", _text(value))] if _text(value) else [])


def _title(code: str) -> str:
    return section_name(code) if field_name(code) == code.replace("_", " ") else field_name(code)


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, dict):
        return " · ".join(
            f"{field_name(k)}: {_text(v)}" for k, v in value.items() if _text(v) and k not in INNER
        )
    return str(value)
