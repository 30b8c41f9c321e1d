"""The checkout in the console: what is held, receipts, what points are worth, and a basket to try."""

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from shuke.apps.commerce.queries import products_page
from shuke.apps.loyalty.forms.checkout import RateForm, TryForm
from shuke.apps.loyalty.operations.checkout import set_points_rate
from shuke.apps.loyalty.queries.benefits import benefit_names
from shuke.apps.loyalty.queries.checkout import (
    evaluate,
    goods_of,
    open_reservations,
    points_rates,
    receipt,
    receipts_page,
)
from shuke.apps.loyalty.queries.tiers import tier_names
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas import CheckoutRequest, Quote, QuoteLine
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.money import to_minor
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number
from shuke.web.panels import found_members

PAGE_SIZE = 25
#: Products that the page proposes while somebody types.
PROPOSED = 60
STEPS = ("offer", "tier", "voucher", "points")


@require_safe
@requires("loyalty.view")
def show_checkouts(request: HttpRequest) -> HttpResponse:
    """What tills hold now, and the newest receipts."""
    at, page = now(), page_number(request)
    held, held_total = open_reservations(at=at, limit=PAGE_SIZE)
    receipts, total = receipts_page(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "held": held,
        "held_total": held_total,
        "receipts": receipts,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "rates": points_rates()[:5],
    }
    return render(request, "loyalty/checkout/list.html", context)


@require_safe
@requires("loyalty.view")
def show_receipt(request: HttpRequest, receipt_id: str) -> HttpResponse:
    """A receipt: where every line's money went, and what came back."""
    view = receipt(receipt_id)
    context = {"receipt": view, "quote": view.quote, **_shown(view.quote)}
    context["earned"] = _named(view.earned)
    context["returns"] = [(one, _named(one.points_taken_back)) for one in view.returns]
    context["returned"] = sum(one.refund_minor for one in view.returns)
    return render(request, "loyalty/checkout/receipt.html", context)


def _shown(quote: Quote) -> dict[str, Any]:
    """The lines of a quote with their names and one amount for each step that took something."""
    names, perks = goods_of(line.product_id for line in quote.lines), benefit_names()
    # A receipt keeps the words that the till read; what still has a name is called by the reader's.
    known = {"tier": perks, "points": dict(_kinds())}
    steps = [step for step in STEPS if any(d.step == step for d in quote.deductions)]
    return {
        "steps": steps,
        "rows": [
            {
                "line": line,
                "name": names[line.product_id].name if line.product_id in names else line.product_id,
                "amounts": [_amount(line, step) for step in steps],
                "earned": sum(line.earned.values()),
            }
            for line in quote.lines
        ],
        "sums": [sum(d.minor for d in quote.deductions if d.step == step) for step in steps],
        "deductions": [(one, known.get(one.step, {}).get(one.code, one.name)) for one in quote.deductions],
        "perks": [(perks.get(code, code), uses) for code, uses in quote.benefits.items()],
        "tier": tier_names().get(quote.tier, quote.tier),
        "earned": _named(quote.earned),
    }


def _named(points: Mapping[str, int]) -> list[tuple[str, int]]:
    """Points by the name of their type."""
    names = dict(_kinds())
    return [(names.get(code, code), count) for code, count in points.items()]


def _kinds() -> list[tuple[str, str]]:
    """Codes and names of all kinds of points."""
    return [(kind.code, kind.name) for kind in points_types()]


def _amount(line: QuoteLine, step: str) -> int:
    return sum(d.minor for d in line.deductions if d.step == step)


@require_http_methods(["GET", "POST"])
@requires("loyalty.view")
def try_basket(request: HttpRequest) -> HttpResponse:
    """Evaluate a basket for a member, with every deduction and why.  Holds nothing."""
    form = TryForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "GET":
        today = business_date(now(), retailer().time_zone)
        context["products"] = products_page(today=today, limit=PROPOSED)[0]
        return render(request, "loyalty/checkout/try.html", context)
    if form.is_valid():
        try:
            context |= _tried(form)
        except Refused as refusal:
            context["refusal"] = str(refusal.message)
    return render(request, "loyalty/checkout/tried.html", context)


def _tried(form: TryForm) -> dict[str, Any]:
    values, currency = form.cleaned_data, retailer().currency
    lines = form.lines()
    if not lines:
        return {"refusal": _("Name a product or a price in one of the lines.")}
    members = found_members(values["member"]) if values["member"].strip() else []
    if values["member"].strip() and len(members) != 1:
        return {"refusal": _said_of(members), "members": members[:10]}
    goods = goods_of((line["product"] for line in lines), with_prices=True)
    unpriced = [
        line
        for line in lines
        if line["price"] is None
        and (line["product"] not in goods or goods[line["product"]].unit_minor is None)
    ]
    if unpriced:
        product = unpriced[0]["product"]
        return {"refusal": _("“%(product)s” has no price yet; type one.") % {"product": product}}
    points = None
    if values["points"] is not None or values["all_points"]:
        points = {"points": None if values["all_points"] else values["points"]}
    wanted = CheckoutRequest.model_validate(
        {
            "basket": {
                "lines": [_line(line, goods, currency) for line in lines],
                "currency": currency,
                "shipping_minor": to_minor(values["shipping"] or "0", currency),
            },
            "codes": form.voucher_codes(),
            "points": points,
        }
    )
    quote = evaluate(wanted, member_id=members[0] if members else None, at=now())
    return {"quote": quote, **_shown(quote)}


def _said_of(members: Collection[str]) -> str:
    if members:
        return _("Several members fit; type the card, phone or id of one.")
    return _("Nobody is found by this; try the card, the phone or the whole name.")


def _line(line: dict[str, Any], goods: dict[str, Any], currency: str) -> dict[str, Any]:
    known, pieces = goods.get(line["product"]), line["pieces"] or 1
    usual = known.unit_minor if known else 0
    unit = usual if line["price"] is None else to_minor(line["price"], currency)
    return {
        "line_no": line["line_no"],
        "product_id": line["product"],
        "quantity": pieces,
        "list_minor": unit * pieces,
        "offer_minor": to_minor(line["offer"] or "0", currency),
        "department": known.department if known else "",
        "category": known.category if known else "",
        "brand": known.brand if known else "",
        "allows_discount": not line["fixed"],
    }


@require_http_methods(["GET", "POST"])
@requires("loyalty.view")
def show_rates(request: HttpRequest) -> HttpResponse:
    """What points are worth at the till, day by day; who may edit adds a rate."""
    actor, settings = actor_of(request), retailer()
    types = [(kind.code, kind.name) for kind in points_types() if kind.is_spendable]
    today = business_date(now(), settings.time_zone)
    form = RateForm(request.POST or None, types=types, initial={"starts_on": today})
    if request.method == "POST":
        actor.require("loyalty.edit")
        if form.is_valid():
            try:
                set_points_rate(actor=actor, at=now(), **form.rate(settings.currency))
                messages.success(request, _("The rate was saved."))
                return redirect("loyalty:checkout_rates")
            except Refused as refusal:
                form.add_error(None, str(refusal.message))
    status = 422 if form.is_bound and form.errors else 200
    context = {
        "form": form,
        "types": dict(types),
        "rates": points_rates(),
        "currency": settings.currency,
        "today": today,
    }
    return render(request, "loyalty/checkout/rates.html", context, status=status)
