"""Every text people read exists in Chinese, complete and with the same placeholders."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

import shuke

pytestmark = pytest.mark.once

PACKAGE = Path(shuke.__file__).parent
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    # Sentences of studies: the page translates them by variable.
    "Reading": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
HOLDERS = sorted(
    [path.parent for path in PACKAGE.glob("apps/*/apps.py")]
    + [PACKAGE / name for name in ("web", "platform", "config", "demo")]
)
_STRING = r"u?(?:\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*')"
#: A call in what ``templatize`` makes of a template; the rest of it is filler that is no Python.
CALL = re.compile(rf"(?<!\w)(?:_|n?p?gettext)\(\s*{_STRING}(?:\s*,\s*{_STRING})*(?:\s*,\s*count)?\s*\)")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}|%[sd]")

Text = tuple[str | None, str, str | None]


def texts_of(holder: Path) -> dict[Text, str]:
    """(context, text, plural) → the first file that has it."""
    found: dict[Text, str] = {}
    # What science says in words is shown by the pages of insights.
    science = PACKAGE.glob("science/**/*.py") if holder.name == "insights" else ()
    for path in sorted([*holder.rglob("*.py"), *holder.rglob("*.html"), *holder.rglob("*.txt"), *science]):
        if {"vendor", "migrations", "locale"} & set(path.relative_to(PACKAGE).parts):
            continue
        content = path.read_text()
        if path.suffix != ".py":
            if "{% translate" not in content and "{% blocktranslate" not in content:
                continue
            content = "\n".join(match.group(0) for match in CALL.finditer(templatize(content)))
        for _line, message, _comments, context in extract(
            "python", BytesIO(content.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            forms = message if isinstance(message, tuple) else (message, None)
            if forms[0]:
                found.setdefault((context, forms[0], forms[1]), str(path.relative_to(PACKAGE)))
    return found


def catalogue(holder: Path) -> Catalog:
    path = holder / "locale/zh_Hans/LC_MESSAGES/django.po"
    if not path.exists():
        return Catalog(locale="zh_Hans")
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans", abort_invalid=True)


def frame() -> Catalog:
    return catalogue(PACKAGE / "web")


def translated(source: Catalog, context: str | None, text: str) -> list[str] | None:
    message = source.get(text, context=context)
    if message is None or message.fuzzy or not message.string:
        return None
    strings = list(message.string) if isinstance(message.string, (tuple, list)) else [message.string]
    return strings if all(strings) else None


def placeholders(text: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(text)}


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda path: path.name)
def test_every_text_is_translated(holder: Path) -> None:
    own, shared = catalogue(holder), frame()
    missing = []
    for (context, text, _plural), path in texts_of(holder).items():
        if translated(own, context, text) is None and translated(shared, context, text) is None:
            missing.append(f"{path}: {text!r}")
    assert not missing, "No Chinese for:\n" + "\n".join(missing)


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda path: path.name)
def test_translations_keep_the_placeholders(holder: Path) -> None:
    wrong = []
    for message in catalogue(holder):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        wanted = set().union(*(placeholders(text) for text in ids))
        wrong += [f"{ids[0]!r} → {text!r}" for text in strings if placeholders(text) != wanted]
    assert not wrong, "Placeholders differ:\n" + "\n".join(wrong)


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda path: path.name)
def test_nothing_is_fuzzy_or_left_over(holder: Path) -> None:
    wanted = {(context, text) for context, text, _plural in texts_of(holder)}
    # Rules know no Django: their texts are plain strings that a page translates by variable.
    sources = "\n".join(path.read_text() for path in holder.rglob("*.py"))
    stale = []
    for message in catalogue(holder):
        first = message.id[0] if isinstance(message.id, tuple) else message.id
        is_used = (message.context, first) in wanted or first in sources
        if first and (message.fuzzy or not is_used):
            stale.append(first)
    assert not stale, "Fuzzy, or no longer used:\n" + "\n".join(stale)


def test_the_extraction_finds_texts() -> None:
    """A guard against a test that looks at nothing."""
    texts = {text for _context, text, _plural in texts_of(PACKAGE / "web")}
    assert {"Sign in", "Settings", "Administrator"} <= texts
