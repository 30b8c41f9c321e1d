"""The signed links by which members reach their own page without signing in."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import OwnPage
from shuke.apps.members.queries import member, survivor_of
from shuke.apps.members.schemas import MemberView
from shuke.platform.errors import NotFound

#: How long a link opens the page.
LIFETIME = timedelta(days=90)
FIRST_GENERATION = 1


def _signer() -> Signer:
    return Signer(salt="shuke.loyalty.own", sep=".")


def own_link(member_id: str, *, at: datetime) -> str:
    """The address of a member's own page, good for 90 days.  It holds no personal data and cannot be guessed."""
    return f"{settings.SHUKE_PUBLIC_URL}/my/{own_token(member_id, at=at)}/"


def own_token(member_id: str, *, at: datetime) -> str:
    """The signed part of the link: whose page, of which generation, until when."""
    ends = int((at + LIFETIME).timestamp())
    return _signer().sign_object([member_id, _generation(member_id), ends])


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
