"""The mail server's settings."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.adapters.contract import ChannelUnavailable
from shuke.apps.channels.adapters.email.smtp import SmtpSession
from shuke.apps.channels.models import EmailSettings
from shuke.apps.channels.queries.settings import email_settings, smtp_config
from shuke.apps.channels.schemas import EmailSettingsView
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import encrypt
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor

FIELDS = ("host", "port", "security", "username", "messages_per_second", "is_tracking")


@transaction.atomic
def change_email_settings(
    *, actor: Actor, at: datetime, password: str | None = None, **values: Any
) -> EmailSettingsView:
    """Set the given fields of ``EmailSettingsView``; ``password`` ``None`` keeps it, empty removes it."""
    actor.require("settings.edit")
    row = EmailSettings.objects.select_for_update().filter(pk=1).first() or EmailSettings(pk=1)
    changes: dict[str, list[Any]] = {}
    for field in FIELDS:
        if field in values and getattr(row, field) != values[field]:
            changes[field] = [getattr(row, field), values[field]]
            setattr(row, field, values[field])
    if password is not None:
        row.password_encrypted = encrypt(password)
        changes["password"] = ["…", "…"]
    try:
        row.full_clean(exclude=["id"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise Invalid("invalid_settings", _("Some settings are not valid."), error.message_dict) from error
    row.save()
    if changes:
        record_audit(actor=actor, at=at, verb="email.changed", subject=("email", "1"), changes=changes)
    return email_settings()


def test_email_connection(*, actor: Actor) -> None:
    """Greet the server, encrypt and sign in.  Raises ``Refused`` with what the server said."""
    actor.require("settings.edit")
    try:
        session = SmtpSession(smtp_config())
        session.connect()
    except ChannelUnavailable as error:
        raise Refused(
            "email_unavailable",
            _("The mail server could not be used: %(reason)s") % {"reason": str(error)},
        ) from error
    session.close()
