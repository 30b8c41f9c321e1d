"""Choosing how members are scored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.insights.events import RfmSchemeChanged
from shuke.apps.insights.models import RfmVersion
from shuke.apps.insights.queries.rfm import rfm_scheme
from shuke.apps.insights.schemas import RfmVersionView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.permissions import Actor
from shuke.science.rfm_scheme import RfmScheme


@transaction.atomic
def save_rfm_scheme(*, actor: Actor, at: datetime, scheme: RfmScheme, version: int) -> RfmVersionView:
    """Score by the scheme from the next build on, and have that build made now.  Earlier builds keep their own.

    ``version`` is the number that was being changed: refuses if somebody saved another one meanwhile.  Refuses a
    scheme that is the one in use.
    """
    known = rfm_scheme()
    if known.number != version:
        raise Refused(
            "changed_meanwhile",
            _("Somebody else saved other borders or rules meanwhile. Look at them first."),
        )
    if known.scheme == scheme:
        raise Refused("nothing_changed", _("These are the borders and rules in use; nothing was saved."))
    row = RfmVersion.objects.create(
        number=known.number + 1, scheme=scheme.as_data(), author_name=actor.name, created_at=at
    )
    changes: dict[str, Any] = {
        name: [getattr(known.scheme, name), getattr(scheme, name)]
        for name in ("method", "recency_days", "frequency", "monetary_minor", "outside")
    }
    if known.scheme.rules != scheme.rules:
        changes["rules"] = [len(known.scheme.rules), len(scheme.rules)]
    if known.scheme.names != scheme.names:
        changes["names"] = [
            ", ".join(name.english for name in one.scheme.names) for one in (known, RfmVersionView(0, scheme))
        ]
    record_audit(actor=actor, at=at, verb="rfm.changed", subject=("rfm", str(row.number)), changes=changes)
    emit(RfmSchemeChanged(number=row.number))
    return RfmVersionView(row.number, scheme, row.author_name, row.created_at)
