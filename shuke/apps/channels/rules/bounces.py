"""Delivery reports (RFC 3464) and what an SMTP answer says about the recipient."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Literal

_MESSAGE_ID = re.compile(r"<?(msg_[0-9a-z]{16})@")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")

Blame = Literal["recipient", "us"]


@dataclass(frozen=True)
class DeliveryReport:
    """What became of one of our messages: ``action`` is failed, delayed, delivered, relayed or expanded."""

    message_id: str
    action: str
    status: str

    @property
    def is_hard(self) -> bool:
        """The address does not work, and will not tomorrow: failed with a permanent status that is not policy."""
        return self.action == "failed" and self.status.startswith("5") and not self.status.startswith("5.7")


def parse_report(raw: bytes) -> DeliveryReport | None:
    """The report in a mail, or ``None`` for a mail that is none or is not about a message of ours."""
    mail = message_from_bytes(raw, policy=policy.default)
    if mail.get_content_type() != "multipart/report":
        return None
    action = status = message_id = ""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            action, status = _action_of(part)
        elif kind in {"message/rfc822", "text/rfc822-headers"}:
            message_id = _original_id(part) or message_id
    if not (action and message_id):
        return None
    return DeliveryReport(message_id, action, status)


def _action_of(part: Message) -> tuple[str, str]:
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, Message) and group["Action"]:
            found = _STATUS.search(str(group["Status"] or ""))
            return str(group["Action"]).strip().lower(), found[0] if found else ""
    return "", ""


def _original_id(part: Message) -> str:
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        text = str(inner[0]["Message-ID"] or "")
    else:
        text = part.as_string() if isinstance(part, EmailMessage) else str(inner)
    found = _MESSAGE_ID.search(text)
    return found[1] if found else ""


def blame(*, stage: str, code: int, reply: str) -> Blame:
    """Whether a permanent refusal is about the recipient's address or about us (sender, content, policy).

    ``stage`` is mail, rcpt or data.  Enhanced status 5.1.x and 5.2.1 speak of the mailbox, 5.7.x of
    policy (RFC 3463).  Only what is the recipient's suppresses the address.
    """
    found = _STATUS.search(reply)
    if found:
        about_mailbox = found[2] == "1" and found[3] not in {"7", "8"}
        return "recipient" if about_mailbox or (found[2], found[3]) == ("2", "1") else "us"
    return "recipient" if stage == "rcpt" and code in {550, 551, 553} else "us"
