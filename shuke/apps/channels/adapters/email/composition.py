"""A message as the bytes of a mail: multipart, with a stable id and the one-click way out (RFC 8058)."""

import re
from email.header import Header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr

from shuke.apps.channels.adapters.contract import Outgoing

#: Long signed links must stay on one line; RFC 5322 allows 998 octets.
_POLICY = compat32.clone(linesep="\r\n", max_line_length=900)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]+@[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]+")


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


def recipient(address: str) -> str:
    """The address, alone.  Raises ``BadHeader`` for what is none, or more than one."""
    if not _ADDRESS.fullmatch(address):
        raise BadHeader("This is not one address.")
    return address


def message_id_header(message_id: str, sender_address: str) -> str:
    """The same for every attempt, so that a receiver can recognise a repetition."""
    return f"<{message_id}@{sender_address.rpartition('@')[2] or 'localhost'}>"


def compose(outgoing: Outgoing, *, from_: Address) -> bytes:
    """The mail with CRLF line ends.  Raises ``BadHeader``.

    The older policy of the standard library is used because it is four times as fast; it does not
    guard its headers, so every value is checked here.
    """
    mail: MIMEText | MIMEMultipart = MIMEText(outgoing.text, "plain", "utf-8")
    if outgoing.html.strip():
        text, mail = mail, MIMEMultipart("alternative", boundary=f"=_{outgoing.message_id}")
        mail.attach(text)
        mail.attach(MIMEText(outgoing.html, "html", "utf-8"))
    mail["From"] = formataddr((from_.display_name, from_.addr_spec), "utf-8")
    mail["To"] = recipient(outgoing.address)
    subject = _clean(outgoing.subject)
    mail["Subject"] = subject if subject.isascii() else Header(subject, "utf-8").encode(maxlinelen=900)
    mail["Date"] = format_datetime(outgoing.queued_at)
    mail["Message-ID"] = message_id_header(outgoing.message_id, from_.addr_spec)
    if outgoing.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{_clean(outgoing.unsubscribe_url)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail.as_bytes(policy=_POLICY)
