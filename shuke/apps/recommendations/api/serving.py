"""Asking a slot over the API.  Calls by token take the short way in ``express`` and end in the same operation."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router

from shuke.apps.recommendations.operations.answering import answer_members, answer_slot
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.slots import live_slot
from shuke.apps.recommendations.schemas.asking import (
    AnswerView,
    AskedInput,
    BatchAnswer,
    BatchInput,
    answer_data,
)
from shuke.platform.clock import now
from shuke.platform.errors import Invalid
from shuke.web.api import permit

router = Router(tags=["recommendations"])


@router.get(
    "/{slot}", response=AnswerView, summary="What a slot recommends for a member, product, basket or segment"
)
def recommendations(request: HttpRequest, slot: str, asked: Query[AskedInput]) -> Any:
    """Always answers: what the slot's strategy does not know, its fallbacks do, and in the end what is popular.

    The answer is noted as an exposure before it is given.
    """
    permit(request, "recommendations.view")
    if unknown := sorted(set(request.GET) - set(AskedInput.model_fields)):
        # A misspelt member would be a stranger, whose list looks like a list.
        message = _("The question has parts that this address does not know.")
        raise Invalid(
            "invalid", message, {name[:40]: sorted(AskedInput.model_fields) for name in unknown[:10]}
        )
    if twice := sorted(name for name in request.GET if len(request.GET.getlist(name)) > 1):
        # One of them would be taken, and nobody could say which.
        message = _(
            "A part of the question stands there twice; products of a basket have commas between them."
        )
        raise Invalid("invalid", message, {name: request.GET.getlist(name)[:10] for name in twice})
    at, found = now(), live_slot(slot)
    around = current_surroundings([found], at=at)
    answer = answer_slot(asked.asked(slot, at=at), slot=found, bundle=serving_bundle(), around=around)
    return answer_data(answer)


@router.post("/{slot}/batch", response=BatchAnswer, summary="The same for up to 1,000 members")
def batch(request: HttpRequest, slot: str, wanted: BatchInput) -> Any:
    """Each answer is noted as an exposure: ask only for what is going to be shown."""
    permit(request, "recommendations.view")
    at, found = now(), live_slot(slot)
    answers = answer_members(
        found,
        wanted.members,
        bundle=serving_bundle(),
        at=at,
        around=current_surroundings([found], at=at),
        language=wanted.language,
        places=wanted.places,
        with_reasons=wanted.reasons,
    )
    pairs = zip(wanted.members, answers, strict=True)
    return {"answers": [{"member": member, **answer_data(answer)} for member, answer in pairs]}
