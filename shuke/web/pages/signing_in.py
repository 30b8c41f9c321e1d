"""Sign-in, sign-out and the language."""

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from shuke.platform.accounts.operations import change_user
from shuke.platform.accounts.sign_in import check_password
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of
from shuke.web.forms import SignInForm


def safe_next(request: HttpRequest, address: str) -> str:
    """The address if it leads into this console, else the overview."""
    is_safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if address and is_safe else settings.LOGIN_REDIRECT_URL


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form, and signing in."""
    target = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            user = check_password(
                request=request, at=now(), address=request.META.get("REMOTE_ADDR", ""), **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(None, str(refusal.message))
            status = 429 if refusal.status == 429 else 422
        else:
            login(request, user)
            return redirect(target)
    elif request.method == "POST":
        status = 422
    return render(request, "web/sign_in.html", {"form": form, "next": target}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect(settings.LOGIN_URL)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language: of the person for good when signed in, and of the browser."""
    chosen = request.POST.get("language", "")
    answer = redirect(safe_next(request, request.POST.get("next", "")))
    if chosen not in dict(settings.LANGUAGES):
        return answer
    if request.user.is_authenticated:
        actor = actor_of(request)
        change_user(actor=actor, at=now(), user_id=actor.id, language=chosen)
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=365 * 86400,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
    return answer
