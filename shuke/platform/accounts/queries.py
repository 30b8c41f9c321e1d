"""What is known of users and tokens."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from shuke.platform.accounts.models import ApiToken, User
from shuke.platform.accounts.schemas import TokenView, UserView
from shuke.platform.errors import NotFound
from shuke.platform.permissions import Actor

#: The time of last use is written at most this often, so that reading stays reading.
LAST_USE_GRAIN = timedelta(minutes=5)


def user_view(user: User) -> UserView:
    """The public view of a user row."""
    return UserView(
        id=user.public_id,
        username=user.username,
        display_name=user.display_name,
        role=user.role,
        language=user.language,
        is_active=user.is_active,
        created_at=user.created_at,
    )


def token_view(token: ApiToken) -> TokenView:
    """The public view of a token row."""
    return TokenView(
        id=token.public_id,
        name=token.name,
        owner=token.owner.username,
        scopes=token.scopes,
        requests_per_minute=token.requests_per_minute,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )


def user(user_id: str) -> UserView:
    """One person.  Raises ``NotFound``."""
    row = User.objects.filter(public_id=user_id).first()
    if row is None:
        raise NotFound("user_not_found", _("There is no such user."))
    return user_view(row)


def users() -> list[UserView]:
    """Everybody, by name."""
    return [user_view(user) for user in User.objects.order_by("username")]


def tokens() -> list[TokenView]:
    """Every token, newest first."""
    return [token_view(token) for token in ApiToken.objects.select_related("owner").order_by("-created_at")]


def user_actor(user: User) -> Actor:
    """The actor of a signed-in person."""
    return Actor(kind="user", id=user.public_id, name=user.display_name or user.username, role=user.role)


def token_actor(secret: str, *, at: datetime) -> tuple[Actor, TokenView] | None:
    """The actor of a valid token, or ``None`` for one that is unknown, revoked or expired."""
    token_hash = hash_of_token(secret)
    return token_actors([token_hash], at=at).get(token_hash)


def hash_of_token(secret: str) -> str:
    """Under which a token is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_actors(token_hashes: Collection[str], *, at: datetime) -> dict[str, tuple[Actor, TokenView]]:
    """The actors of those tokens that are valid, by their hash; notes that they are in use."""
    rows = ApiToken.objects.select_related("owner").filter(token_hash__in=token_hashes, revoked_at=None)
    found = {}
    for token in rows:
        if not token.owner.is_active or (token.expires_at and token.expires_at <= at):
            continue
        if token.last_used_at is None or at - token.last_used_at > LAST_USE_GRAIN:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
        actor = Actor(
            kind="token",
            id=token.public_id,
            name=token.name,
            role=token.owner.role,
            scopes=frozenset(token.scopes),
        )
        found[token.token_hash] = (actor, token_view(token))
    return found
