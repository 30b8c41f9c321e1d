"""What people may decide about themselves, and the signed links by which they get there."""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.models import Brand, Consent, ConsentAsk
from shuke.apps.compliance.rules import Held, effective
from shuke.apps.compliance.schemas import AskView, Preference
from shuke.apps.members.queries import member, survivor_of
from shuke.apps.members.schemas import MemberView
from shuke.platform.errors import NotFound


def _signer() -> Signer:
    return Signer(salt="shuke.compliance.preferences", sep=".")


def preference_link(member_id: str) -> str:
    """The address of a member's own page.  It holds no personal data and cannot be guessed or forged."""
    return f"{settings.SHUKE_PUBLIC_URL}/p/{preference_token(member_id)}/"


def preference_token(member_id: str) -> str:
    """The signed part of a member's link."""
    return _signer().sign_object([member_id])


def preference_member(token: str) -> MemberView:
    """Whose page it is, also after a merge.  Raises ``NotFound`` for a forged link and for who was forgotten."""
    try:
        (member_id,) = _signer().unsign_object(token)
        person = member(survivor_of(str(member_id)))
    except (BadSignature, ValueError) as error:
        raise NotFound("bad_link", _("This link is not complete or was changed.")) from error
    if person.status == "erased":
        raise NotFound("bad_link", _("Nothing is stored under this link any more."))
    return person


def asks(*, only_offered: bool = False) -> list[AskView]:
    """The consents that are asked for, in their order."""
    rows = ConsentAsk.objects.order_by("position", "brand", "channel", "purpose")
    names = brand_names()
    return [
        AskView(
            id=row.pk,
            brand=row.brand,
            brand_name=names.get(row.brand, row.brand),
            channel=row.channel,
            purpose=row.purpose,
            texts=row.texts,
            position=row.position,
            is_offered=row.is_offered,
        )
        for row in (rows.filter(is_offered=True) if only_offered else rows)
    ]


def ask(ask_id: int) -> AskView:
    """One of them.  Raises ``NotFound``."""
    for found in asks():
        if found.id == ask_id:
            return found
    raise NotFound("ask_not_found", _("There is no such consent."))


def brand_names() -> dict[str, str]:
    """Code → name of the brands that ask for consent of their own."""
    return dict(Brand.objects.order_by("name").values_list("code", "name"))


def preferences_of(member_id: str, *, language: str) -> list[Preference]:
    """What the member is asked, in their language, and what holds of each now."""
    rows = Consent.objects.filter(member__public_id=member_id)
    held = {(r.brand, r.channel, r.purpose): Held(r.state, r.decided_at) for r in rows}
    return [
        Preference(
            ask_id=item.id,
            brand=item.brand,
            brand_name=item.brand_name,
            channel=item.channel,
            purpose=item.purpose,
            text=text_in(item.texts, language),
            is_granted=_is_granted(held, item),
        )
        for item in asks(only_offered=True)
    ]


def _is_granted(held: dict[tuple[str, str, str], Held], item: AskView) -> bool:
    own = held.get((item.brand, item.channel, item.purpose))
    found = effective(own, held.get(("", item.channel, item.purpose)))
    return found is not None and found.state == "granted"


def text_in(texts: dict[str, str], language: str) -> str:
    """The text in a language, or in any that there is."""
    return texts.get(language) or next(_filled(texts.values()), "")


def _filled(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in texts if text)
