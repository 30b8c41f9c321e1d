"""Who is asking, and whether they may."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from shuke.platform.accounts.queries import user_actor
from shuke.platform.permissions import Actor

View = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request: the API token's where one was presented, else the signed-in person's."""
    token_actor = getattr(request, "auth", None)
    if isinstance(token_actor, Actor):
        return token_actor
    if not request.user.is_authenticated:
        raise PermissionError("Nobody is signed in; the view lacks @requires.")
    return user_actor(request.user)


def requires(permission: str) -> Callable[[View], View]:
    """Decorator of a page: sign in first, then hold the permission (else 403 with the reason)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")
            actor_of(request).require(permission)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
