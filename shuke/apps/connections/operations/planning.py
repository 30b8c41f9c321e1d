"""What an upload is and whose: by what was chosen, and by its headers where nothing was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ChannelAccount
from shuke.apps.connections.operations.accounts import ensure_account
from shuke.apps.connections.queries.accounts import account_row
from shuke.apps.connections.queries.files import kind_named, profile_of
from shuke.platform.errors import Invalid
from shuke.platform.permissions import Actor
from shuke.sources.files.layouts import Layout, recognise, rewrite
from shuke.sources.files.mapping import guessed_kind
from shuke.sources.files.reading import SourceTable


@dataclass(frozen=True)
class Plan:
    """The account and kind of an upload, and the settings it is read with."""

    account: ChannelAccount
    kind: str
    settings: dict[str, Any]


def plan_of(
    source: SourceTable, *, actor: Actor, at: datetime, account_id: str, kind: str, given: Mapping[str, Any]
) -> Plan:
    """Read the headers.  What was chosen holds; raises ``Invalid`` for what can neither be told nor was chosen."""
    if kind:
        kind_named(kind)
    layout = _layout_of(source, kind=kind, given=given)
    chosen = kind or (layout.kind if layout else _guessed(source))
    account = account_row(account_id) if account_id else _account_of(layout, actor=actor, at=at)
    settings = dict(given)
    if layout is not None:
        source = rewrite(layout, source)
        settings = {**source.settings, **settings, "layout": layout.name}
    profile = profile_of(account, kind_named(chosen), given=settings, source=source)
    return Plan(account, chosen, settings | {"columns": dict(profile.columns)})


def _layout_of(source: SourceTable, *, kind: str, given: Mapping[str, Any]) -> Layout | None:
    """The platform's layout, unless the columns or another kind were chosen."""
    if given.get("columns") or given.get("layout") == "":
        return None
    layout = recognise(source.headers)
    return layout if layout is not None and kind in {"", layout.kind} else None


def _guessed(source: SourceTable) -> str:
    kind = guessed_kind(source.headers)
    if kind is None:
        raise Invalid("kind_unknown", _("The headers do not tell what the file holds. Choose it."))
    return kind


def _account_of(layout: Layout | None, *, actor: Actor, at: datetime) -> ChannelAccount:
    """The only account there is for the platform; a new one where there is none."""
    rows = ChannelAccount.objects.order_by("pk")
    rows = rows.filter(sales_channel=layout.sales_channel) if layout else rows
    found = list(rows[:2])
    if len(found) == 1:
        return found[0]
    if found or layout is None:
        raise Invalid("account_needed", _("Choose the account that the file comes from."))
    zone_and_money = {
        name: layout.settings[name] for name in ("time_zone", "currency") if name in layout.settings
    }
    name = layout.label.split(":", maxsplit=1)[0]
    view = ensure_account(actor=actor, at=at, name=name, sales_channel=layout.sales_channel, **zone_and_money)
    return account_row(view.id)
