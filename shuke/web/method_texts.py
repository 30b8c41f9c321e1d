"""How a result is computed: the methods' pages of the documentation, in the reader's language.

A page is ``<name>.md`` in English and ``<name>.zh-hans.md`` in Chinese.  They are written in docs/algorithms; the
folder ``methods`` beside this module is a link to it, which a wheel holds as a folder: every installation has them.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from django.urls import reverse
from markdown_it import MarkdownIt
from markdown_it.token import Token

METHODS = Path(__file__).resolve().parent / "methods"
#: What a file's name ends with, by the language of its text.
ENDINGS = {"en": ".md", "zh-hans": ".zh-hans.md"}


@dataclass(frozen=True)
class MethodText:
    """A method's page in one language; ``others``: the languages it can also be read in."""

    name: str
    language: str
    title: str
    html: str
    others: tuple[str, ...]


def method_text(name: str, *, language: str) -> MethodText | None:
    """The page ``name`` in ``language``, in English where it is not translated; None where there is no such method."""
    there = [code for code, ending in ENDINGS.items() if (METHODS / f"{name}{ending}").is_file()]
    if not there:
        return None
    shown = language if language in there else there[0]
    tokens = _parsed((METHODS / f"{name}{ENDINGS[shown]}").read_text(encoding="utf-8"))
    return MethodText(
        name=name,
        language=shown,
        title=tokens[1].content,
        html=str(_MARKDOWN.renderer.render(tokens[3:], _MARKDOWN.options, {})),
        others=tuple(code for code in there if code != shown),
    )


#: Raw HTML stays text: the content policy would refuse what it brings along.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _parsed(text: str) -> list[Token]:
    """The page's tokens without comments; the first three are its title."""
    tokens = _MARKDOWN.parse(_COMMENT.sub("", text))
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                _point(child)
    return tokens


def _point(link: Token) -> None:
    """Lead to another method's page; what only the documentation has (decisions, guides) leads nowhere."""
    target = str(link.attrs.get("href", ""))
    file = target.partition("#")[0].removesuffix(".md")
    name = file.removesuffix(".zh-hans")
    if "/" not in name and (METHODS / f"{name}.md").is_file():
        # A page without a language in its name is shown in the reader's.
        wanted = "" if file == name else "?language=zh-hans"
        link.attrs["href"] = reverse("web:method", args=[name]) + wanted
    elif "://" not in target:
        del link.attrs["href"]
