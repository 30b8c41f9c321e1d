"""The signed links by which members reach their own page without signing in."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import OwnPage
from shuke.apps.members.queries import member, survivor_of
from shuke.apps.members.schemas import MemberView
from shuke.platform.batches import in_batches
from shuke.platform.errors import NotFound

#: How long a link opens the page.
LIFETIME = timedelta(days=90)
FIRST_GENERATION = 1
#: A link that opens nothing, for previews.
EXAMPLE = f"{settings.SHUKE_PUBLIC_URL}/my/example/"
_LINK = re.compile(re.escape(f"{settings.SHUKE_PUBLIC_URL}/my/") + r"[\w.-]+/")


def _signer() -> Signer:
    return Signer(salt="shuke.loyalty.own", sep=".")


def own_link(member_id: str, *, at: datetime) -> str:
    """The address of a member's own page, good for 90 days.  It holds no personal data and cannot be guessed."""
    return own_links([member_id], at=at)[member_id]


def own_links(member_ids: Iterable[str], *, at: datetime) -> dict[str, str]:
    """The addresses of many members, in one query for up to 5,000."""
    ends, found = int((at + LIFETIME).timestamp()), {}
    for ids in in_batches(member_ids):
        rows = OwnPage.objects.filter(member__public_id__in=ids)
        generations = dict(rows.values_list("member__public_id", "generation"))
        for member_id in ids:
            token = _signer().sign_object([member_id, generations.get(member_id, FIRST_GENERATION), ends])
            found[member_id] = f"{settings.SHUKE_PUBLIC_URL}/my/{token}/"
    return found


def own_token(member_id: str, *, at: datetime) -> str:
    """The signed part of the link: whose page, of which generation, until when."""
    return own_link(member_id, at=at).rstrip("/").rsplit("/", 1)[1]


def without_own_links(text: str) -> str:
    """A message for other eyes than the member's: links to own pages open nothing any more."""
    return _LINK.sub(EXAMPLE, text)


def own_member(token: str, *, at: datetime) -> MemberView:
    """Whose page it is, also after a merge.

    Raises ``NotFound``, always with the same words, for a link that was changed, has run out or was taken back, and
    for who was forgotten.
    """
    try:
        member_id, generation, ends = _signer().unsign_object(token)
        person = member(survivor_of(str(member_id)))
    except (BadSignature, ValueError, TypeError, NotFound) as error:
        raise _refused() from error
    is_good = at.timestamp() < ends and generation == _generation(str(member_id))
    if not is_good or person.status == "erased":
        raise _refused()
    return person


def _generation(member_id: str) -> int:
    row = OwnPage.objects.filter(member__public_id=member_id).values_list("generation", flat=True).first()
    return FIRST_GENERATION if row is None else row


def _refused() -> NotFound:
    return NotFound("bad_link", _("This link does not open anything any more. Ask the shop for a new one."))
