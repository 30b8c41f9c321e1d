"""People who sign in, and the tokens that programs use."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from shuke.platform.ids import new_id
from shuke.platform.permissions import ROLES


def new_user_id() -> str:
    return new_id("usr")


def new_token_id() -> str:
    return new_id("tok")


class UserManager(BaseUserManager["User"]):
    """Finds users by the name they sign in with."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """A person of the retailer's team, with one role and one language."""

    public_id = models.CharField(max_length=24, unique=True, default=new_user_id, editable=False)
    username = models.CharField(max_length=80, unique=True)
    display_name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20, choices=[(role, role) for role in ROLES], default="viewer")
    language = models.CharField(max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = []

    def __str__(self) -> str:
        return self.username


class ApiToken(models.Model):
    """A program's key: only its SHA-256 is stored, the token itself is shown once."""

    public_id = models.CharField(max_length=24, unique=True, default=new_token_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    requests_per_minute = models.PositiveIntegerField(default=600)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SignInFailures(models.Model):
    """Failed sign-ins of one name or from one network address within a window; keyed by a hash of either."""

    key_hash = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    window_started_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key_hash[:8]
