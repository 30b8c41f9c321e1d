"""Settings of the installation, users and API tokens."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from shuke.platform.accounts.operations import (
    change_user,
    create_user,
    issue_token,
    revoke_token,
    set_password,
)
from shuke.platform.accounts.queries import tokens, user, users
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.forms import NewPasswordForm, NewUserForm, RetailerForm, StyledForm, TokenForm, UserForm


def _refuse(form: StyledForm, refusal: Refused) -> None:
    """Put a refusal on the fields it names, else on top of the form."""
    named = {field: texts for field, texts in refusal.details.items() if field in form.fields}
    for field, texts in named.items():
        form.add_error(field, [str(text) for text in texts] if isinstance(texts, list) else str(texts))
    if not named:
        form.add_error(None, str(refusal.message))


@requires("settings.view")
@require_http_methods(["GET", "HEAD", "POST"])
def retailer_settings(request: HttpRequest) -> HttpResponse:
    """The retailer: name, time zone, currency, approvals, control group, sender."""
    form = RetailerForm(request.POST or None, initial=retailer().model_dump())
    if request.method == "POST":
        actor = actor_of(request)
        actor.require("settings.edit")
        if form.is_valid():
            try:
                change_retailer(actor=actor, at=now(), **form.cleaned_data)
            except Refused as refusal:
                _refuse(form, refusal)
            else:
                messages.success(request, _("The settings are saved."))
                return redirect("web:settings")
    return render(request, "web/settings.html", {"form": form}, status=422 if form.errors else 200)


@requires("accounts.edit")
def user_list(request: HttpRequest) -> HttpResponse:
    """Everybody who may sign in."""
    return render(request, "web/users.html", {"users": users()})


@sensitive_post_parameters("password")
@requires("accounts.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def new_user(request: HttpRequest) -> HttpResponse:
    """Add a person."""
    form = NewUserForm(request.POST or None, initial={"language": retailer().default_language})
    if request.method == "POST" and form.is_valid():
        try:
            created = create_user(actor=actor_of(request), at=now(), **form.cleaned_data)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, _("%(name)s may sign in now.") % {"name": created.username})
            return redirect("web:users")
    context = {"form": form, "title": _("New user"), "submit": _("Create user")}
    return render(request, "web/user_form.html", context, status=422 if form.errors else 200)


@requires("accounts.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_user(request: HttpRequest, user_id: str) -> HttpResponse:
    """Change role, shown name and whether the person may sign in."""
    person = user(user_id)
    form = UserForm(request.POST or None, initial=person.model_dump())
    if request.method == "POST" and form.is_valid():
        try:
            change_user(actor=actor_of(request), at=now(), user_id=user_id, **form.cleaned_data)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": person.username})
            return redirect("web:users")
    context = {"form": form, "person": person, "password_form": NewPasswordForm(), "submit": _("Save")}
    return render(request, "web/user_form.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters()
@requires("accounts.edit")
@require_POST
def set_user_password(request: HttpRequest, user_id: str) -> HttpResponse:
    """Give a person a new password."""
    person = user(user_id)
    form = NewPasswordForm(request.POST)
    if form.is_valid():
        password = form.cleaned_data["password"]
        try:
            set_password(actor=actor_of(request), at=now(), user_id=user_id, password=password)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, _("%(name)s has a new password.") % {"name": person.username})
            return redirect("web:users")
    context: dict[str, Any] = {"form": UserForm(initial=person.model_dump()), "person": person}
    context |= {"password_form": form, "submit": _("Save")}
    return render(request, "web/user_form.html", context, status=422)


@requires("accounts.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """API tokens, and issuing one: its secret is shown in this one answer."""
    form = TokenForm(request.POST or None)
    issued = None
    if request.method == "POST" and form.is_valid():
        actor, at, data = actor_of(request), now(), form.cleaned_data
        expires_at = at + timedelta(days=data["days"]) if data["days"] else None
        issued = issue_token(
            actor=actor,
            at=at,
            owner_id=actor.id,
            name=data["name"],
            scopes=data["scopes"],
            expires_at=expires_at,
        )
        form = TokenForm()
    context = {"form": form, "issued": issued, "tokens": tokens(), "at": now()}
    answer = render(request, "web/tokens.html", context, status=422 if form.errors else 200)
    answer["Cache-Control"] = "no-store"
    return answer


@requires("accounts.edit")
@require_POST
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    """End a token."""
    token = revoke_token(actor=actor_of(request), at=now(), token_id=token_id)
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("web:tokens")
