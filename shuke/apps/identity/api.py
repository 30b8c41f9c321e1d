"""Identifiers by API, masked."""

from django.http import HttpRequest
from ninja import Router

from shuke.apps.identity.queries import identifiers_of
from shuke.apps.identity.schemas import IdentifierView
from shuke.apps.members.queries import member
from shuke.web.api import permit

router = Router(tags=["members"])


@router.get("/members/{member_id}/identifiers", response=list[IdentifierView])
def identifiers(request: HttpRequest, member_id: str) -> list[IdentifierView]:
    """The identifiers of a member; emails and phones are masked."""
    permit(request, "members.view")
    return identifiers_of(member(member_id).id)
