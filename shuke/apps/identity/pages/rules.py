"""The rules: which identifiers link people, up to how many members, and how sure likeness must be."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from shuke.apps.identity import operations, queries
from shuke.apps.identity.forms import RulesForm
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires


@requires("members.view")
def rules(request: HttpRequest) -> HttpResponse:
    """See the rules; who may edit settings changes them.  They count from the next search on."""
    policy = queries.match_policy()
    may_edit = actor_of(request).may("settings.edit")
    form = RulesForm(request.POST if request.method == "POST" else None, policy=policy)
    if request.method == "POST":
        actor_of(request).require("settings.edit")
        if form.is_valid():
            try:
                operations.change_policy(actor=actor_of(request), at=now(), change=form.change())
            except Refused as refusal:
                form.add_error(None, str(refusal.message))
            else:
                messages.success(request, _("Saved. The next search goes by these rules."))
                return redirect("identity:rules")
    context = {"form": form, "policy": policy, "may_edit": may_edit, "here": "rules"}
    return render(request, "identity/rules.html", context, status=422 if form.errors else 200)
