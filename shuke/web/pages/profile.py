"""What a person sees and changes of themselves."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from shuke.platform.accounts.operations import change_user, set_password
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.forms import OwnPasswordForm, ProfileForm


@requires("overview.view")
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Shown name, language and password."""
    form = ProfileForm(request.POST or None, initial=_profile_of(request))
    if request.method == "POST" and form.is_valid():
        actor = actor_of(request)
        change_user(actor=actor, at=now(), user_id=actor.id, **form.cleaned_data)
        messages.success(request, _("Your profile is saved."))
        return redirect("web:profile")
    context = {"form": form, "password_form": OwnPasswordForm()}
    return render(request, "web/profile.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters()
@requires("overview.view")
@require_POST
def change_own_password(request: HttpRequest) -> HttpResponse:
    """A new password for oneself; other sessions end, this one stays."""
    form = OwnPasswordForm(request.POST)
    if form.is_valid() and not request.user.check_password(form.cleaned_data["present"]):
        form.add_error("present", _("This is not your present password."))
    if form.is_valid():
        actor = actor_of(request)
        try:
            set_password(actor=actor, at=now(), user_id=actor.id, password=form.cleaned_data["password"])
        except Refused as refusal:
            form.add_error("password", str(refusal.message))
        else:
            user = request.user
            if user.is_authenticated:
                user.refresh_from_db()
                update_session_auth_hash(request, user)
            messages.success(request, _("Your password is changed."))
            return redirect("web:profile")
    context = {"form": ProfileForm(initial=_profile_of(request)), "password_form": form}
    return render(request, "web/profile.html", context, status=422)


def _profile_of(request: HttpRequest) -> dict[str, str]:
    user = request.user
    return {"display_name": getattr(user, "display_name", ""), "language": getattr(user, "language", "en")}
