"""Writing down what a voucher promises, with an example basket that is worked out while one writes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.forms import TermsForm, first_values, terms_values
from shuke.apps.promotions.schemas import Example, FaultyTerms, VoucherDefinitionView
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires

#: Fields that stand together.
GOODS = ("products", "departments", "categories", "brands", "excluded_products", "stores", "tiers")
PRICE = (
    "price_points_type",
    "price_points",
    "price_first_day",
    "price_last_day",
    "price_back_days",
)
OFTEN = ("limit_uses", "limit_uses_per_member", "limit_claims", "limit_claims_per_member", "budget")


@requires("vouchers.edit")
def new(request: HttpRequest) -> HttpResponse:
    """A new kind of voucher."""
    form = TermsForm(request.POST or None, initial=first_values(), shop=retailer())
    if request.method == "POST" and form.is_valid():
        try:
            found = operations.create_definition(
                actor=actor_of(request), at=now(), name="", names=form.names(), terms=form.terms()
            )
        except Refused as refusal:
            form.add_faults({name: str(code) for name, code in refusal.details.items()})
        else:
            messages.success(request, _("Saved as a draft. Publish it to issue vouchers."))
            return redirect("promotions:definition", found)
    return _page(request, form, view=None)


@requires("vouchers.edit")
def edit(request: HttpRequest, definition_id: str) -> HttpResponse:
    """Change the draft of a kind of voucher."""
    view, shop = queries.definition(definition_id), retailer()
    initial = terms_values(view, currency=shop.currency)
    form = TermsForm(request.POST or None, initial=initial, shop=shop)
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_definition(
                actor=actor_of(request),
                at=now(),
                definition_id=definition_id,
                name="",
                names=form.names(),
                terms=form.terms(),
                seen_at=parse_datetime(request.POST.get("seen_at", "")) or None,
            )
        except Refused as refusal:
            if refusal.code == "invalid_terms":
                form.add_faults({name: str(code) for name, code in refusal.details.items()})
            else:
                form.add_error(None, str(refusal.message))
        else:
            messages.success(request, _("Saved as a draft. Publish it to issue vouchers."))
            return redirect("promotions:definition", definition_id)
    return _page(request, form, view=view)


def _page(request: HttpRequest, form: TermsForm, *, view: VoucherDefinitionView | None) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "definition": view,
        "kinds": _kinds(),
        "goods": [form[name] for name in GOODS],
        "often": [form[name] for name in OFTEN],
        "price": [form[name] for name in PRICE],
    }
    return render(request, "promotions/edit.html", {**context, **_example(form)})


def _kinds() -> list[tuple[str, str]]:
    """What each kind does, in a sentence."""
    return [
        ("amount", _("A fixed amount off the goods it is for, never more than they cost.")),
        ("percent", _("A share of what the goods it is for cost, up to a cap if there is one.")),
        ("gift", _("One piece of a product: free in the basket, or handed over by the till.")),
        ("shipping", _("The shipping, or a part of it.")),
    ]


def _example(form: TermsForm) -> dict[str, Any]:
    """The example of what the form says now; of an untouched form, of what it shows at first."""
    if not form.is_bound:
        data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        data = {name: value for name, value in data.items() if value not in (None, "", False)}
        form = TermsForm(data, shop=form.shop)
    form.is_valid()
    try:
        example: Example | None = queries.example_quote(form.terms())
    except FaultyTerms:
        example = None
    return {"example": example, "currency": form.shop.currency}


@require_POST
@requires("vouchers.edit")
def example(request: HttpRequest) -> HttpResponse:
    """The example basket under the terms of the form as it is being written."""
    form = TermsForm(request.POST, shop=retailer())
    return render(request, "promotions/parts/example.html", _example(form))
