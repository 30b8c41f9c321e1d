"""Whose account a till means."""

from django.utils.translation import gettext_lazy as _

from shuke.apps.identity.queries import members_known_by
from shuke.apps.loyalty.schemas import MemberWanted
from shuke.apps.members.queries import member, survivor_of
from shuke.platform.errors import Invalid, NotFound, Refused


def member_wanted(wanted: MemberWanted | None) -> str | None:
    """The public id of the member that a till names, ``None`` if it names nobody.

    Raises ``Invalid`` for several names at once, ``NotFound``, and ``Refused`` (``member_ambiguous``) if
    several members have the card number.  No contact is ever repeated.
    """
    if wanted is None:
        return None
    given = {kind: value for kind, value in wanted.model_dump().items() if value}
    if not given:
        return None
    if len(given) > 1:
        raise Invalid("one_name", _("Name the member in one way: by id, card number or phone."))
    ((kind, value),) = given.items()
    found = [value] if kind == "member_id" else members_known_by(kind, value)
    # Members that were merged answer as the one who speaks for them.
    living = list(dict.fromkeys(survivor_of(each) for each in found))
    living = [each for each in living if member(each).status == "active"]
    if len(living) > 1:
        raise Refused("member_ambiguous", _("Several members have this number; ask for the member id."))
    if not living:
        raise NotFound("member_not_found", _("There is no such member."))
    return living[0]
