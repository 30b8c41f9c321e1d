"""How a result is computed: the method's page of the documentation, readable without a network."""

from __future__ import annotations

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

import shuke
from shuke.web.access import requires

#: The documentation lies beside the package in a checkout; an installation without it has no such pages.
METHODS = Path(shuke.__file__).resolve().parents[1] / "docs" / "algorithms"


@require_safe
@requires("insights.view")
def method_page(request: HttpRequest, name: str) -> HttpResponse:
    """One method with its assumptions, worked numbers and sources."""
    path = METHODS / f"{name}.md"
    if not path.is_file():
        raise Http404
    return render(request, "insights/method.html", {"name": name, "text": _shown(path)})


def _shown(path: Path) -> str:
    """The page as HTML.  Raw HTML stays text: the content policy would refuse what it brings along."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                _point(child)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _point(link: Token) -> None:
    """Lead to another method's page; what only the documentation has (decisions, guides) leads nowhere."""
    target = str(link.attrs.get("href", ""))
    name = target.partition("#")[0].removesuffix(".md")
    if (METHODS / f"{name}.md").is_file() and "/" not in name:
        link.attrs["href"] = reverse("insights:method", args=[name])
    elif "://" not in target:
        del link.attrs["href"]
