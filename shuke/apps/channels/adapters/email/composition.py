"""A message as the bytes of a mail: multipart, with a stable id and the one-click way out (RFC 8058)."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from shuke.apps.channels.adapters.contract import Outgoing

_POLICY = SMTP.clone(max_line_length=200)


class BadHeader(ValueError):
    """A header value that would break the mail, such as one with a line feed in it."""


def _clean(value: str) -> str:
    if any(ord(letter) < 32 or letter == "\x7f" for letter in value):
        raise BadHeader("A header value must not hold line breaks or control characters.")
    return value


def sender(name: str, address: str) -> Address:
    """The sender's header value.  Raises ``BadHeader`` for what is no address."""
    try:
        return Address(display_name=_clean(name), addr_spec=_clean(address))
    except (ValueError, IndexError) as error:
        raise BadHeader(f"{address!r} is not an address mail can be sent from.") from error


def message_id_header(message_id: str, sender_address: str) -> str:
    """The same for every attempt, so that a receiver can recognise a repetition."""
    return f"<{message_id}@{sender_address.rpartition('@')[2] or 'localhost'}>"


def compose(outgoing: Outgoing, *, from_: Address) -> bytes:
    """The mail with CRLF line ends.  Raises ``BadHeader``."""
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["From"] = from_
        mail["To"] = Address(addr_spec=_clean(outgoing.address))
        mail["Subject"] = _clean(outgoing.subject)
    except (ValueError, IndexError) as error:
        raise BadHeader(str(error)) from error
    mail["Date"] = outgoing.queued_at
    mail["Message-ID"] = message_id_header(outgoing.message_id, from_.addr_spec)
    if outgoing.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{_clean(outgoing.unsubscribe_url)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(outgoing.text, charset="utf-8")
    if outgoing.html.strip():
        mail.add_alternative(outgoing.html, subtype="html", charset="utf-8")
    return mail.as_bytes()
