"""Every page in the language of the person and the time zone of the retailer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from shuke.platform.retailer.queries import retailer


class LocalisationMiddleware:
    """Activates both for the request; ``request.retailer`` holds the settings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        settings = retailer()
        request.retailer = settings  # type: ignore[attr-defined]
        language = None
        if request.user.is_authenticated:
            language = request.user.language
        elif "django_language" not in request.COOKIES and "HTTP_ACCEPT_LANGUAGE" not in request.META:
            language = settings.default_language
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(settings.time_zone):
            return self.get_response(request)
