"""A page in two languages says the same in both: built alike, with the same numbers, code and links."""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from shuke.apps.insights.queries import QUESTIONS

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CHINESE = ".zh-hans.md"
PAIRS = sorted(path for path in DOCS.glob(f"*/*{CHINESE}") if path.name != f"index{CHINESE}")
MONTHS = ["January", "February", "March", "April", "May", "June"]
MONTHS += ["July", "August", "September", "October", "November", "December"]
#: A month in full, or shortened beside its day; "may" without a capital is a word.
MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b|(?<=\d )(?:{'|'.join(name[:3] for name in MONTHS)})\b")
NUMBER = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)\s?(million|万|亿)?")
TIMES = {"million": 1_000_000, "万": 10_000, "亿": 100_000_000, "": 1}


def tokens_of(text: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": False}).enable("table").parse(text)


def leaves(tokens: list[Token]) -> list[Token]:
    return [leaf for token in tokens for leaf in (token.children or [token])]


def numbers(text: str) -> list[str]:
    """Every number by its value: 1 million is 100 万 is 1,000,000, and January is 1 月."""
    starts = [name[:3] for name in MONTHS]
    text = MONTH.sub(lambda found: str(starts.index(found.group(0)[:3]) + 1), text)
    return [
        f"{(Decimal(digits.replace(',', '')) * TIMES[unit]).normalize():f}"
        for digits, unit in NUMBER.findall(text)
    ]


def headings(tokens: list[Token]) -> list[str]:
    return [token.tag for token in tokens if token.type == "heading_open"]


def cells(tokens: list[Token]) -> list[list[list[str]]]:
    """Tables, rows, cells."""
    tables: list[list[list[str]]] = []
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in {"td_open", "th_open"}:
            tables[-1][-1].append(tokens[place + 1].content)
    return tables


def words(tokens: list[Token]) -> str:
    """What is read: neither code nor the targets of links."""
    return "\n".join(leaf.content for leaf in leaves(tokens) if leaf.type == "text")


def code(tokens: list[Token]) -> list[str]:
    return [leaf.content for leaf in leaves(tokens) if leaf.type in {"code_inline", "fence", "code_block"}]


def links(tokens: list[Token]) -> list[str]:
    """Pages that are linked; the place in them has another name in Chinese (mkdocs checks that it is there)."""
    targets = [str(leaf.attrs["href"]) for leaf in leaves(tokens) if leaf.type == "link_open"]
    return [target.partition("#")[0].replace(CHINESE, ".md") for target in targets]


def unlike(what: str, english: list[str], chinese: list[str]) -> list[str]:
    """What one has more of than the other."""
    only_english, only_chinese = Counter(english) - Counter(chinese), Counter(chinese) - Counter(english)
    return [f"{what} only in English: {sorted(only_english.elements())}"] * bool(only_english) + [
        f"{what} only in Chinese: {sorted(only_chinese.elements())}"
    ] * bool(only_chinese)


def unlike_tables(english: list[list[list[str]]], chinese: list[list[list[str]]]) -> list[str]:
    if len(english) != len(chinese):
        return [f"{len(english)} tables in English, {len(chinese)} in Chinese"]
    found = []
    for place, (left, right) in enumerate(zip(english, chinese, strict=True), 1):
        shapes = [[len(row) for row in table] for table in (left, right)]
        if shapes[0] != shapes[1]:
            found.append(f"table {place} has rows of {shapes[0]} cells in English, {shapes[1]} in Chinese")
            continue
        for row, (left_row, right_row) in enumerate(zip(left, right, strict=True)):
            for one, other in zip(left_row, right_row, strict=True):
                if Counter(numbers(one)) != Counter(numbers(other)):
                    found.append(f"table {place}, row {row}: {one!r} and {other!r}")
    return found


def differences(english: str, chinese: str) -> list[str]:
    left, right = tokens_of(english), tokens_of(chinese)
    found = []
    if headings(left) != headings(right):
        found.append(f"headings are {headings(left)} in English, {headings(right)} in Chinese")
    found += unlike_tables(cells(left), cells(right))
    found += unlike("numbers", numbers(words(left)), numbers(words(right)))
    found += unlike("code", code(left), code(right))
    return found + unlike("links", links(left), links(right))


@pytest.mark.parametrize("chinese", PAIRS, ids=lambda path: path.name.removesuffix(CHINESE))
def test_both_languages_say_the_same(chinese: Path) -> None:
    english = chinese.with_name(chinese.name.replace(CHINESE, ".md"))
    found = differences(english.read_text(encoding="utf-8"), chinese.read_text(encoding="utf-8"))
    assert not found, f"{chinese.name} is unlike {english.name}:\n" + "\n".join(found)


@pytest.mark.parametrize("chinese", PAIRS, ids=lambda path: path.name.removesuffix(CHINESE))
def test_a_chinese_page_leads_to_chinese_pages(chinese: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+\.md)", chinese.read_text(encoding="utf-8")):
        file = chinese.parent / target
        assert file.is_file(), target
        assert target.endswith(CHINESE) or not file.with_name(file.stem + CHINESE).is_file(), target


def test_every_method_that_a_page_leads_to_is_in_both_languages() -> None:
    templates = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "shuke").rglob("*.html"))
    linked = set(re.findall(r"web/components/method\.html\" with method=\"([\w-]+)\"", templates))
    linked |= set(re.findall(r"'web:method' '([\w-]+)'", templates))
    linked |= {question.method for question in QUESTIONS.values() if question.method}
    assert len(linked) > 15
    missing = [
        f"{name}{ending}"
        for name in sorted(linked)
        for ending in (".md", CHINESE)
        if not (DOCS / "algorithms" / f"{name}{ending}").is_file()
    ]
    assert missing == []


ENGLISH = "# T\n\n1 million on 3 May 2025, `x = 2`, [a](b.md)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
ALIKE = "# 题\n\n2025 年 5 月 3 日 100 万，`x = 2`，[甲](b.zh-hans.md)\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("", "", ""),
        ("# 题", "## 题", "headings"),
        ("| 1 | 2 |\n", "", "table 1 has rows"),
        ("| 1 | 2 |", "| 2 | 1 |", "table 1, row 1"),
        ("100 万", "10 万", "numbers only in English: ['1000000']"),
        ("x = 2", "x = 3", "code"),
        ("b.zh-hans.md", "c.md", "links"),
    ],
)
def test_a_difference_is_named(old: str, new: str, named: str) -> None:
    found = differences(ENGLISH, ALIKE.replace(old, new) if old else ALIKE)
    assert any(named in line for line in found) if named else found == []
