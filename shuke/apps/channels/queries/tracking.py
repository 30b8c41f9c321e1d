"""Signed links: they name a message by its random id, hold no personal data and cannot be forged."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.models import Message
from shuke.platform.errors import NotFound


def _signer(purpose: str) -> Signer:
    return Signer(salt=f"shuke.channels.{purpose}", sep=".")


def _read(purpose: str, token: str) -> list[str]:
    try:
        parts = _signer(purpose).unsign_object(token)
    except (BadSignature, ValueError) as error:
        raise NotFound("bad_link", _("This link is not complete or was changed.")) from error
    return [str(part) for part in parts]


class LinkMaker:
    """Makes the links of one message after the other, with the signers set up once."""

    def __init__(self) -> None:
        self.base = settings.SHUKE_PUBLIC_URL
        self._open, self._click, self._leave = _signer("open"), _signer("click"), _signer("unsubscribe")

    def opened(self, message_id: str) -> str:
        """Address of the pixel."""
        return f"{self.base}/t/o/{self._open.sign_object([message_id])}.gif"

    def clicked(self, message_id: str, url: str) -> str:
        """Address that leads on to ``url``, which is part of what is signed."""
        return f"{self.base}/t/c/{self._click.sign_object([message_id, url])}"

    def unsubscribe(self, message_id: str) -> str:
        """Address of the way out."""
        return f"{self.base}/u/{self._leave.sign_object([message_id])}"


def opened_message(token: str) -> str:
    """The message id of a pixel.  Raises ``NotFound``."""
    return _read("open", token)[0]


def clicked_target(token: str) -> tuple[str, str]:
    """The message id and the target of a tracked link.  Raises ``NotFound``."""
    message_id, url = _read("click", token)
    return message_id, url


def unsubscribe_target(token: str) -> Message:
    """The message whose reader wants out.  Raises ``NotFound``."""
    message_id = _read("unsubscribe", token)[0]
    row = Message.objects.select_related("member").filter(public_id=message_id).first()
    if row is None:
        raise NotFound("bad_link", _("This link is not complete or was changed."))
    return row
