"""Writes ``docs/reference/``: the command line from Typer, the API from its OpenAPI document.

``tests/test_docs.py`` holds both true.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def command_page() -> str:
    """Every command with its arguments and options."""
    from shuke.config.cli import app

    root = typer.main.get_command(app)
    lines = ["# Command line", "", "Written from the commands themselves by `make pages`.", ""]
    for path, command in _commands(root, "shuke"):
        lines += _command(path, command)
    return "\n".join(lines).rstrip() + "\n"


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The leaves of the tree of commands, in alphabetical order."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        yield from _commands(children[name], f"{path} {name}")


def _command(path: str, command: Any) -> list[str]:
    lines = [f"## {path}", "", (command.help or "").strip(), ""]
    rows = [row for parameter in command.params if (row := _parameter(parameter))]
    if rows:
        lines += ["| argument | meaning |", "|---|---|", *rows, ""]
    return lines


def _parameter(parameter: Any) -> str | None:
    if getattr(parameter, "hidden", False) or parameter.name == "help":
        return None
    is_option = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if is_option else str(parameter.name).upper()
    help_text = getattr(parameter, "help", "") or ""
    needed = "required" if parameter.required else ""
    meaning = "; ".join(part for part in (help_text.strip(), needed) if part)
    return f"| `{name}` | {meaning.replace('|', chr(92) + '|')} |"


def api_page() -> str:
    """Every operation of the API."""
    from shuke.config.api import api

    document = api.get_openapi_schema()
    lines = ["# API", "", *API_FOREWORD]
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            text = (operation.get("description") or operation.get("summary", "")).strip().split("\n")[0]
            groups.setdefault(tag, []).append(f"| `{method.upper()} {path}` | {text} |")
    for tag in sorted(groups):
        lines += [f"## {tag.capitalize()}", "", "| operation | what it does |", "|---|---|", *groups[tag], ""]
    return "\n".join(lines).rstrip() + "\n"


API_FOREWORD = [
    "The OpenAPI document is served at `/api/v1/openapi.json`, a readable page at `/api/v1/docs`; neither needs",
    "anything from elsewhere. This list is written from the document by `make pages`.",
    "",
    "**Who.** Send `Authorization: Bearer shk_…`. A token has scopes (names of permissions) and never may more",
    "than the role of its owner. A signed-in browser session works as well; whatever changes something then needs",
    "the CSRF token in the header `X-CSRFToken`.",
    "",
    "**How much.** Lists take `limit` (1 to 200) and `offset` and answer `{items, total, limit, offset}`. Each",
    "token has its own limit of requests a minute, a session 600; beyond it comes 429 with `Retry-After`.",
    "",
    "**Failures** all have the body `{code, message, details}`: 400 unreadable, 401 no valid token, 403 not",
    "permitted, 404 not there, 405 wrong method, 409 refused with the reason (nothing was changed), 413 too large,",
    "422 a field is wrong (`details` names it), 429 too often, 500 our fault (logged).",
    "",
]


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"cli.md": command_page(), "api.md": api_page()}


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
    django.setup()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
