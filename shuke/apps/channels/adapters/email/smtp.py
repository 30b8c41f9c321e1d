"""The SMTP side of email: one reused connection per session, the journal around the final dot."""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shuke.apps.channels.adapters.contract import ChannelUnavailable, Journal, Outcome, Outgoing
from shuke.apps.channels.adapters.email.composition import BadHeader, compose, sender
from shuke.apps.channels.rules.bounces import blame

Security = Literal["none", "starttls", "tls"]
_LINE_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class SmtpConfig:
    """Where and as whom.  ``messages_per_second`` 0 means as fast as the server takes them."""

    host: str
    port: int
    security: Security
    sender_name: str
    sender_address: str
    username: str = ""
    password: str = ""
    messages_per_second: float = 0.0
    timeout_seconds: float = 30.0
    verify_certificate: bool = True


class EmailAdapter:
    """Opens SMTP sessions."""

    name = "email"
    consent_channel = "email"
    address_kind = "email"

    def __init__(self, config: SmtpConfig) -> None:
        self.config = config

    def open(self) -> "SmtpSession":
        """A session that connects at its first message."""
        return SmtpSession(self.config)


class _Refusal(Exception):
    """The server said no at a stage of the conversation, before anything irrevocable."""

    def __init__(self, stage: str, code: int, reply: bytes) -> None:
        super().__init__(stage, code, reply)
        self.stage, self.code, self.reply = stage, code, reply


class SmtpSession:
    """One connection that is made when needed and made anew when it broke."""

    def __init__(self, config: SmtpConfig) -> None:
        self.config = config
        try:
            self._from = sender(config.sender_name, config.sender_address)
        except BadHeader as error:
            raise ChannelUnavailable(str(error)) from error
        self._smtp: smtplib.SMTP | None = None
        self._next_at = 0.0

    def connect(self) -> smtplib.SMTP:
        """The connection, greeted, encrypted and signed in.  Raises ``ChannelUnavailable``."""
        if self._smtp is None:
            try:
                self._smtp = self._greeted()
            except (OSError, smtplib.SMTPException) as error:
                raise ChannelUnavailable(f"{type(error).__name__}: {error}") from error
        return self._smtp

    def _greeted(self) -> smtplib.SMTP:
        config = self.config
        context = ssl.create_default_context()
        if not config.verify_certificate:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if config.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                config.host, config.port, timeout=config.timeout_seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(config.host, config.port, timeout=config.timeout_seconds)
        if smtp.sock is not None:
            # The final dot is a write of its own; with Nagle's algorithm it would wait 40 ms for an answer.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if config.security == "starttls":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if config.username:
                smtp.login(config.username, config.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def deliver(self, outgoing: Outgoing, *, journal: Journal, clock: Callable[[], datetime]) -> Outcome:
        """Hand one mail over; see ``Session.deliver``."""
        try:
            body = compose(outgoing, from_=self._from)
        except BadHeader as error:
            return Outcome("failed", f"bad_header: {error}"[:200])
        smtp = self.connect()
        self._wait_for_turn()
        try:
            self._announce(smtp, outgoing.address)
            smtp.send(_LINE_DOT.sub(b"..", body if body.endswith(b"\r\n") else body + b"\r\n"))
        except _Refusal as refusal:
            return self._refused(refusal)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            # The dot was not sent, so the server drops what it has (RFC 5321, 4.1.1.4).
            self.drop()
            return Outcome("temporary", f"connection: {type(error).__name__}")
        return self._finish(smtp, outgoing.message_id, journal=journal, clock=clock)

    def _announce(self, smtp: smtplib.SMTP, address: str) -> None:
        options = [] if address.isascii() else ["SMTPUTF8"]
        for stage, ask, good in (
            ("mail", lambda: smtp.mail(self.config.sender_address, options), {250}),
            ("rcpt", lambda: smtp.rcpt(address), {250, 251}),
            ("data", lambda: smtp.docmd("DATA"), {354}),
        ):
            code, reply = ask()
            if code not in good:
                raise _Refusal(stage, code, reply)

    def _finish(
        self, smtp: smtplib.SMTP, message_id: str, *, journal: Journal, clock: Callable[[], datetime]
    ) -> Outcome:
        """The point of no return: journal, dot, answer, journal."""
        journal.before(message_id)
        try:
            smtp.send(b".\r\n")
            code, reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            return Outcome("uncertain", f"connection lost after the final dot: {type(error).__name__}")
        journal.after(message_id, code, clock())
        return answer_outcome("data", code, reply)

    def _refused(self, refusal: _Refusal) -> Outcome:
        if refusal.code in {421, -1}:
            self.drop()
        elif self._smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._smtp.rset()
        return answer_outcome(refusal.stage, refusal.code, refusal.reply)

    def _wait_for_turn(self) -> None:
        if self.config.messages_per_second <= 0:
            return
        moment = time.monotonic()
        if moment < self._next_at:
            time.sleep(self._next_at - moment)
        self._next_at = max(moment, self._next_at) + 1 / self.config.messages_per_second

    def drop(self) -> None:
        """Forget a broken connection; the next message makes a new one."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def close(self) -> None:
        """Say goodbye and forget."""
        if self._smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
        self.drop()


def answer_outcome(stage: str, code: int, reply: bytes) -> Outcome:
    """What an SMTP answer means for the message."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    reason = f"{code} {' '.join(text.split())}"[:200]
    if 200 <= code < 300:
        return Outcome("accepted")
    if 500 <= code < 600:
        return Outcome(
            "bounced" if blame(stage=stage, code=code, reply=text) == "recipient" else "failed", reason
        )
    return Outcome("temporary", reason)
