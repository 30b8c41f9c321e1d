"""Changes of users and tokens."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.platform.accounts.models import ApiToken, User
from shuke.platform.accounts.queries import token_view, user_view
from shuke.platform.accounts.schemas import IssuedToken, TokenView, UserView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import PERMISSIONS, ROLES, Actor

TOKEN_PREFIX = "shk_"  # noqa: S105 - the public beginning of every token, not a secret.


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid("unknown_role", _("There is no such role."), {"role": sorted(ROLES)})


def _check_password(password: str, user: User | None = None) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid("weak_password", " ".join(error.messages), {"password": error.messages}) from error


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    at: datetime,
    username: str,
    password: str,
    role: str,
    display_name: str = "",
    language: str = "en",
) -> UserView:
    """Add a person.  Refuses a name that is taken, a weak password and an unknown role."""
    _check_role(role)
    user = User(
        username=username.strip(), role=role, display_name=display_name, language=language, created_at=at
    )
    _check_password(password, user)
    if User.objects.filter(username__iexact=user.username).exists():
        raise Refused("username_taken", _("Somebody already signs in with this name; choose another."))
    user.set_password(password)
    try:
        user.save()
    except IntegrityError as error:
        raise Refused(
            "username_taken", _("Somebody already signs in with this name; choose another.")
        ) from error
    record_audit(
        actor=actor,
        at=at,
        verb="user.created",
        subject=("user", user.public_id),
        changes={"role": [None, role]},
    )
    return user_view(user)


@transaction.atomic
def change_user(
    *,
    actor: Actor,
    at: datetime,
    user_id: str,
    role: str | None = None,
    is_active: bool | None = None,
    language: str | None = None,
    display_name: str | None = None,
) -> UserView:
    """Change what is given.  Refuses to leave the installation without an administrator."""
    user = User.objects.select_for_update().filter(public_id=user_id).first()
    if user is None:
        raise NotFound("user_not_found", _("There is no such user."))
    wanted = {"role": role, "is_active": is_active, "language": language, "display_name": display_name}
    if role is not None:
        _check_role(role)
    loses_rights = role not in {None, "administrator"} or is_active is False
    if user.role == "administrator" and loses_rights:
        others = User.objects.filter(role="administrator", is_active=True).exclude(pk=user.pk)
        if not others.exists():
            raise Refused(
                "last_administrator", _("This is the last administrator; make somebody else one first.")
            )
    changes = {}
    for field, value in wanted.items():
        if value is not None and getattr(user, field) != value:
            changes[field] = [getattr(user, field), value]
            setattr(user, field, value)
    if changes:
        user.save()
        record_audit(
            actor=actor, at=at, verb="user.changed", subject=("user", user.public_id), changes=changes
        )
    return user_view(user)


@transaction.atomic
def set_password(*, actor: Actor, at: datetime, user_id: str, password: str) -> None:
    """Give the user a new password.  Their other sessions end."""
    user = User.objects.select_for_update().filter(public_id=user_id).first()
    if user is None:
        raise NotFound("user_not_found", _("There is no such user."))
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    record_audit(actor=actor, at=at, verb="user.password_set", subject=("user", user.public_id), changes={})


@transaction.atomic
def issue_token(
    *,
    actor: Actor,
    at: datetime,
    owner_id: str,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    requests_per_minute: int = 600,
) -> IssuedToken:
    """Make a token for the owner.  ``scopes`` are permissions; the secret is returned this once."""
    unknown = sorted(set(scopes) - set(PERMISSIONS))
    if unknown:
        raise Invalid("unknown_scope", _("These scopes do not exist."), {"scopes": unknown})
    owner = User.objects.filter(public_id=owner_id, is_active=True).first()
    if owner is None:
        raise NotFound("user_not_found", _("There is no such user."))
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        token_hash=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=expires_at,
        requests_per_minute=requests_per_minute,
    )
    record_audit(
        actor=actor,
        at=at,
        verb="token.issued",
        subject=("token", token.public_id),
        changes={"scopes": [[], token.scopes]},
    )
    return IssuedToken(token=token_view(token), secret=secret)


@transaction.atomic
def revoke_token(*, actor: Actor, at: datetime, token_id: str) -> TokenView:
    """End a token.  Revoking twice is once."""
    token = ApiToken.objects.select_for_update().select_related("owner").filter(public_id=token_id).first()
    if token is None:
        raise NotFound("token_not_found", _("There is no such token."))
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        record_audit(actor=actor, at=at, verb="token.revoked", subject=("token", token.public_id), changes={})
    return token_view(token)
