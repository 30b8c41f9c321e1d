"""Where the methods' pages were before other apps had some, too."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from shuke.web.access import requires


@require_safe
@requires("overview.view")
def method_page(_request: HttpRequest, name: str) -> HttpResponse:
    """Lead on to the method's page."""
    return redirect("web:method", name=name)
