"""What others see of users and tokens."""

from datetime import datetime

from ninja import Schema


class UserView(Schema):
    """A person of the team."""

    id: str
    username: str
    display_name: str
    role: str
    language: str
    is_active: bool
    created_at: datetime


class TokenView(Schema):
    """A token without its secret."""

    id: str
    name: str
    owner: str
    scopes: list[str]
    requests_per_minute: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class IssuedToken(Schema):
    """A new token; ``secret`` is shown this once."""

    token: TokenView
    secret: str
