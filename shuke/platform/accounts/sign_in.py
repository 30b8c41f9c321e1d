"""Signing in with a password, slowed down for those who guess."""

from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from shuke.platform.accounts.models import SignInFailures, User
from shuke.platform.accounts.queries import user_actor
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import keyed_hash
from shuke.platform.errors import Refused

WINDOW = timedelta(minutes=15)
#: Failures within the window before a name, or a network address, has to wait.
FAILURES_PER_NAME = 8
FAILURES_PER_ADDRESS = 40


class TooManyAttempts(Refused):
    """Too many wrong passwords in a short time."""

    status = 429


def check_password(
    *, request: HttpRequest | None, at: datetime, username: str, password: str, address: str
) -> User:
    """The user whom name and password name.

    Raises ``TooManyAttempts`` after repeated failures of the name or from the address, whether or not
    the password is right, and ``Refused`` for a wrong name or password without saying which.
    """
    limits = {
        keyed_hash(username.strip().casefold(), purpose="sign-in:name"): FAILURES_PER_NAME,
        keyed_hash(address, purpose="sign-in:address"): FAILURES_PER_ADDRESS,
    }
    rows = SignInFailures.objects.filter(key_hash__in=limits, window_started_at__gt=at - WINDOW)
    if any(row.failures >= limits[row.key_hash] for row in rows):
        raise TooManyAttempts("too_many_attempts", _("Too many failed sign-ins; wait a quarter of an hour."))
    user = authenticate(request, username=username.strip(), password=password)
    if not isinstance(user, User):
        _count_failure(list(limits), at=at)
        raise Refused("wrong_password", _("Name or password is wrong."))
    with transaction.atomic():
        SignInFailures.objects.filter(key_hash=next(iter(limits))).delete()
        record_audit(
            actor=user_actor(user), at=at, verb="user.signed_in", subject=("user", user.public_id), changes={}
        )
    return user


@transaction.atomic
def _count_failure(keys: list[str], *, at: datetime) -> None:
    SignInFailures.objects.filter(window_started_at__lte=at - WINDOW).delete()
    for key in keys:
        row, _created = SignInFailures.objects.get_or_create(key_hash=key, defaults={"window_started_at": at})
        SignInFailures.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
