"""How a result is computed: the method's page of the documentation, readable without a network."""

from __future__ import annotations

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

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
    # Raw HTML stays text: the page's content policy would refuse what it brings along.
    text = MarkdownIt("commonmark", {"html": False}).enable("table").render(path.read_text(encoding="utf-8"))
    return render(request, "insights/method.html", {"name": name, "text": text})
