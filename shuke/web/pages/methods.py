"""How a result is computed, readable without a network."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from shuke.web.access import requires
from shuke.web.method_texts import method_text


@require_safe
@requires("overview.view")
def method_page(request: HttpRequest, name: str) -> HttpResponse:
    """One method with its assumptions, worked numbers and sources; ``language`` asks for another than the reader's."""
    language = get_language() or "en"
    text = method_text(name, language=request.GET.get("language") or language)
    if text is None:
        raise Http404
    is_missing = text.language != language and language not in text.others
    return render(request, "web/method.html", {"text": text, "is_missing": is_missing})
