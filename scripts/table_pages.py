"""Writes the pages of ``docs/tables/`` from ``shuke.tables``; ``tests/test_docs.py`` holds them true."""

from collections.abc import Iterator
from pathlib import Path

from shuke.tables import TABLES, Table

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "tables"
KINDS = {
    "fact": "What happened. Appended; a correction replaces the row of the same key.",
    "snapshot": "The newest state of a thing, replaced by key.",
    "derived": "Computed from the other tables and rebuilt at will.",
}
TYPES = {
    "id": "text (an id)",
    "text": "text",
    "ts": "time, UTC, microseconds",
    "date": "date",
    "int": "64-bit integer",
    "minor": "64-bit integer, minor units of `currency`",
    "bool": "true or false",
    "float": "64-bit float",
    "json": "text holding JSON",
    "id_list": "list of ids",
}


def table_page(table: Table) -> str:
    """The Markdown page of one table."""
    lines = [
        f"# {table.name}",
        "",
        f"One row is {table.grain}.",
        "",
        f"Kind: **{table.kind}**. {KINDS[table.kind]}",
        "",
        (
            f"Key: {_names(table.key)}. Partitioned by {_names(table.partition_by) or 'nothing'}; "
            f"sorted by {_names(table.sort_by) or 'nothing'}."
        ),
        "",
        "| column | type | may be empty | meaning |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        empty = "yes" if column.nullable else ""
        lines.append(f"| `{column.name}` | {TYPES[column.type]} | {empty} | {_cell(column.meaning)} |")
    return "\n".join(lines) + "\n"


def index_page() -> str:
    """The list of all tables."""
    lines = [
        "# Tables of the lake",
        "",
        "The shared language: sources produce these tables, the lake keeps them, science computes on them.",
        "Facts carry the retailer's business time (`local_month`, `local_date`, `local_hour`), computed once when",
        "a row is taken in. These pages are written from `shuke/tables/` by `make pages`.",
        "",
        "| table | kind | one row is |",
        "|---|---|---|",
    ]
    lines += [f"| [{t.name}]({t.name}.md) | {t.kind} | {_cell(t.grain)} |" for t in _tables()]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"index.md": index_page()} | {f"{table.name}.md": table_page(table) for table in _tables()}


def _tables() -> Iterator[Table]:
    yield from (TABLES[name] for name in sorted(TABLES))


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
