"""Connections: adding, changing, pausing and taking them away."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from shuke.apps.connections.models import Connection, SyncCursor
from shuke.apps.connections.queries.accounts import account_row
from shuke.apps.connections.queries.connecting import connection_row, connection_view
from shuke.apps.connections.queries.opening import connector_named, opened, refusal_of_source, secrets_of
from shuke.apps.connections.schemas import ConnectionView, Pace
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import encrypt
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor
from shuke.sources.contract import ConnectionField, SourceError

MOST_LETTERS = 2_000


def check_connection(
    *, at: datetime, system: str, settings: Mapping[str, str], secrets: Mapping[str, str]
) -> str:
    """Ask the system for its name with these settings; changes nothing.  Raises ``Refused`` in words."""
    connector = connector_named(system)
    checked = _checked_fields(connector.settings_fields, settings)
    hidden = _checked_fields(connector.secret_fields, secrets)
    try:
        with opened(connector, settings=checked, secrets=hidden, pace=Pace(), now=at) as pull:
            return connector.check(pull)[:200]
    except SourceError as error:
        raise refusal_of_source(error) from error


def create_connection(
    *,
    actor: Actor,
    at: datetime,
    account_id: str,
    system: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    pace: Mapping[str, Any] | None = None,
) -> ConnectionView:
    """Connect an account.  The system is asked first; one that cannot be asked is refused."""
    account, connector = account_row(account_id), connector_named(system)
    chosen = _checked_pace(pace or {})
    check_connection(at=at, system=system, settings=settings, secrets=secrets)
    row = Connection(
        account=account,
        system=system,
        settings=_checked_fields(connector.settings_fields, settings),
        secrets=_sealed(_checked_fields(connector.secret_fields, secrets)),
        pace=chosen.model_dump(),
        next_run_at=at,
        created_at=at,
        updated_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _audit(actor, at, "connection.created", row, {"system": [None, system]})
    except IntegrityError as error:
        raise Refused("account_connected", _("This account has a connection already.")) from error
    return connection_view(row)


def change_connection(
    *,
    actor: Actor,
    at: datetime,
    connection_id: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    pace: Mapping[str, Any] | None = None,
) -> ConnectionView:
    """Change settings; an empty secret keeps the one that is set.  The system is asked first."""
    row = connection_row(connection_id)
    connector = connector_named(row.system)
    hidden = secrets_of(row) | {name: value for name, value in secrets.items() if value}
    check_connection(at=at, system=row.system, settings=settings, secrets=hidden)
    before = row.settings
    row.settings = _checked_fields(connector.settings_fields, settings)
    row.secrets = _sealed(_checked_fields(connector.secret_fields, hidden))
    row.pace, row.updated_at = _checked_pace(row.pace | dict(pace or {})).model_dump(), at
    changed = sorted(name for name, value in secrets.items() if value)
    with transaction.atomic():
        row.save(update_fields=["settings", "secrets", "pace", "updated_at"])
        changes = {"settings": [before, row.settings], "secrets": [None, changed]}
        _audit(actor, at, "connection.changed", row, changes)
    return connection_view(row)


@transaction.atomic
def pause_connection(*, actor: Actor, at: datetime, connection_id: str) -> ConnectionView:
    """Ask no more by itself; webhooks are noted and pulled once it is resumed."""
    return _turn(actor, at, connection_id=connection_id, state="paused")


@transaction.atomic
def resume_connection(*, actor: Actor, at: datetime, connection_id: str) -> ConnectionView:
    """Go on from where it was."""
    return _turn(actor, at, connection_id=connection_id, state="active")


def _turn(actor: Actor, at: datetime, *, connection_id: str, state: str) -> ConnectionView:
    row = connection_row(connection_id)
    if row.state != state:
        _audit(actor, at, "connection.changed", row, {"state": [row.state, state]})
        row.state, row.updated_at = state, at
        row.next_run_at = at if state == "active" else None
        row.save(update_fields=["state", "updated_at", "next_run_at"])
    return connection_view(row)


@transaction.atomic
def delete_connection(*, actor: Actor, at: datetime, connection_id: str) -> None:
    """Forget the connection with its secrets, cursors and history.  What it brought stays, and so the account."""
    row = connection_row(connection_id)
    if row.runs.filter(state="running").exists():
        raise Refused(
            "connection_runs", _("The connection is being synchronised. Pause it and wait for the end.")
        )
    _audit(actor, at, "connection.deleted", row, {"system": [row.system, None]})
    row.delete()


def forget_cursors(row: Connection) -> None:
    """Let the next run begin from the beginning."""
    SyncCursor.objects.filter(connection=row).delete()
    row.digests.all().delete()


def _audit(actor: Actor, at: datetime, verb: str, row: Connection, changes: Mapping[str, Any]) -> None:
    subject = ("connection", row.public_id)
    record_audit(actor=actor, at=at, verb=verb, subject=subject, changes=changes)


def _sealed(secrets: Mapping[str, str]) -> bytes:
    return encrypt(json.dumps(dict(secrets), ensure_ascii=False))


def _checked_pace(values: Mapping[str, Any]) -> Pace:
    try:
        return Pace(**values)
    except ValidationError as error:
        fields = {str(item["loc"][0]): item["msg"] for item in error.errors()}
        raise Invalid("invalid_pace", _("A number of the schedule is out of its range."), fields) from error


def _checked_fields(fields: tuple[ConnectionField, ...], given: Mapping[str, str]) -> dict[str, str]:
    """The values of known fields, trimmed.  Raises ``Invalid`` naming the field that lacks or is wrong."""
    values: dict[str, str] = {}
    for field in fields:
        value = str(given.get(field.name) or field.default).strip()
        if not value and field.is_required:
            raise Invalid("missing_setting", _("Fill in every required field."), {field.name: "missing"})
        if len(value) > MOST_LETTERS or "\x00" in value:
            raise Invalid(
                "invalid_setting", _("A field is too long or unreadable."), {field.name: "too long"}
            )
        if value and field.type == "url":
            value = _checked_url(field, value)
        values[field.name] = value
    return values


def _checked_url(field: ConnectionField, value: str) -> str:
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.username or parts.password:
        raise Invalid(
            "invalid_address",
            _("Write the address with https://, such as https://shop.example.com, without a password in it."),
            {field.name: "not an address"},
        )
    return value.rstrip("/")
