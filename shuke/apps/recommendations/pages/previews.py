"""What a slot would answer, beside its set-up: for any member, product, basket or segment; and looking things up."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.views.decorators.http import require_POST

from shuke.apps.members.queries import member
from shuke.apps.members.schemas import MemberView
from shuke.apps.recommendations.forms.previews import PreviewForm
from shuke.apps.recommendations.forms.slots import SlotForm
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.previews import preview
from shuke.apps.recommendations.queries.shelves import goods_found
from shuke.apps.recommendations.queries.slots import slot, unsaved_view
from shuke.apps.recommendations.rules.strategies import POPULAR_BANDIT, SET_BY_PEOPLE
from shuke.apps.recommendations.schemas import Asked, SlotView
from shuke.apps.recommendations.schemas.previews import FoundGoods
from shuke.platform.clock import now
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.science.recommendations.bundles import Bundle
from shuke.web.access import actor_of, requires
from shuke.web.panels import found_members

#: Members that a search shows.
FOUND = 6
#: Members of the bundle tried for a lot: some are no members any more.
LOTS = 6
#: Where a search puts what it found: the names of the fields by what was found.
INTO: dict[str, dict[str, str]] = {
    "pinned": {"product": "pinned_products"},
    "barred": {"product": "barred_products", "kind": "barred_kinds"},
    "ages": {"kind": "age_kinds"},
    "product": {"product": "for_product"},
    "basket": {"product": "for_basket-products"},
}
#: Strategies that need no lists of their own.
OF_EVERY_BUNDLE = ("popularity", POPULAR_BANDIT, SET_BY_PEOPLE)
_BOOST = re.compile(r"boost-\d{1,4}")


@require_POST
@requires("recommendations.view")
def show(request: HttpRequest) -> HttpResponse:
    """The list under the settings as they are being written, or of a saved slot (``saved``).  Writes nothing."""
    bundle, asking = serving_bundle(), PreviewForm(request.POST)
    context: dict[str, Any] = {"has_bundle": bundle is not None, "may_edit": _may_edit(request)}
    saved = request.POST.get("saved", "")
    form = None if saved else SlotForm(_nameless(request.POST))
    if form is not None and (not form.is_valid() or form.slot_input is None):
        context["faults"] = _faults(form)
        return render(request, "recommendations/slots/preview.html", context)
    view = slot(saved) if form is None else unsaved_view(form.slot_input, at=now())  # type: ignore[arg-type]
    if bundle is not None and asking.is_valid():
        context |= _previewed(asking, view, bundle)
    return render(request, "recommendations/slots/preview.html", context)


def _nameless(posted: QueryDict) -> QueryDict:
    """The settings with something for a name and a code: the list depends on neither, and comes before both."""
    settings = posted.copy()
    for field in ("name", "code"):
        if not settings.get(field, "").strip():
            settings[field] = "preview"
    return settings


def _faults(form: SlotForm) -> list[str]:
    """What is wrong, each with the label of its field."""
    sentence = pgettext("fault", "%(field)s: %(text)s")
    return [
        sentence % {"field": form[field].label, "text": text} if field in form.fields else str(text)
        for field, texts in form.errors.items()
        for text in texts
    ]


def _previewed(asking: PreviewForm, view: SlotView, bundle: Bundle) -> dict[str, Any]:
    values = asking.cleaned_data
    is_for_member = view.about in ("member", "basket")
    asked = Asked(
        slot=view.code,
        at=now(),
        member_id=values["for_member"] if is_for_member else "",
        product_id=values["for_product"] if view.about == "product" else "",
        basket=asking.basket() if view.about == "basket" else (),
        segment=values["for_segment"] if view.about == "segment" else "",
        store_id=values["for_store"],
        language=get_language() or "en",
    )
    arm = values["for_arm"] if values["for_arm"] in {arm.name for arm in view.arms} else ""
    around = current_surroundings([view], at=asked.at)
    shown = preview(asked, slot=view, bundle=bundle, arm=arm, around=around)
    return {
        "slot": view,
        "shown": shown,
        "is_fitted": shown.strategy in {*bundle.lists, *bundle.neighbours, *OF_EVERY_BUNDLE},
        "arms": view.arms if len(view.arms) > 1 else [],
        "arm": arm,
        "currency": retailer().currency,
        "has_member": bool(asked.member_id),
    }


def _may_edit(request: HttpRequest) -> bool:
    return actor_of(request).may("recommendations.edit")


@require_POST
@requires("recommendations.view")
def goods(request: HttpRequest) -> HttpResponse:
    """Products and kinds that a text finds, to be put into a list of the page."""
    into = request.POST.get("into", "")
    names = (
        {"product": f"{into}-products", "kind": f"{into}-kinds"} if _BOOST.fullmatch(into) else INTO.get(into)
    )
    text = request.POST.get(f"q_{into}", "").replace("\x00", "")[:80]
    found: list[FoundGoods] = []
    if names and text.strip():
        found = goods_found(text, products="product" in names, kinds="kind" in names)
    context = {
        "found": [(each, (names or {})[each.what]) for each in found],
        "into": into,
        "text": text,
        "is_single": into == "product",
    }
    return render(request, "recommendations/slots/goods.html", context)


@require_POST
@requires("members.view")
def people(request: HttpRequest) -> HttpResponse:
    """Members that a text finds, or another one; names are masked as in the list of members."""
    actor_of(request).require("recommendations.view")
    text = request.POST.get("q_member", "").replace("\x00", "")[:120].strip()
    if request.POST.get("another") or not text:
        found = _another(serving_bundle(), np.random.default_rng(), than=request.POST.get("for_member", ""))
        text = ""
    else:
        found = [member(member_id) for member_id in found_members(text)[:FOUND]]
    return render(request, "recommendations/slots/people.html", {"people": found, "text": text})


def subject(bundle: Bundle | None, *, rng: np.random.Generator, member_id: str = "") -> dict[str, Any]:
    """For whom a preview begins: that member, else one of the bundle; its most bought product, its segments."""
    people_shown = _wanted(member_id) or _another(bundle, rng)
    product: FoundGoods | None = None
    segments: list[str] = []
    if bundle is not None and len(bundle.item_ids):
        counts = np.bincount(np.asarray(bundle.purchases.item), minlength=len(bundle.item_ids))
        best = int(np.argmax(counts))
        product = FoundGoods(
            what="product", id=str(bundle.item_ids[best]), name=str(bundle.goods.names[best])
        )
        segments = [str(name) for name in bundle.segment_names]
    return {
        "people": people_shown,
        "product": product,
        "segments": segments,
        "has_bundle": bundle is not None,
    }


def _wanted(member_id: str) -> list[MemberView]:
    """The member that a page before asked about, if there is one."""
    try:
        return [member(member_id)] if member_id else []
    except NotFound:
        return []


def _another(bundle: Bundle | None, rng: np.random.Generator, *, than: str = "") -> list[MemberView]:
    """A member of the bundle by lot who is still one, and not the one who is shown now."""
    if bundle is None:
        return []
    others = bundle.member_ids[bundle.member_ids != than]
    for member_id in rng.permutation(others)[:LOTS]:
        found = _wanted(str(member_id))
        if found:
            return found
    return _wanted(than)
