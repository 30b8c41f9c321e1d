"""Reading sources and their keys."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import Max, Sum
from django.utils.translation import gettext_lazy as _

from shuke.apps.collector.models import PlanViolation, Source, SourceDay, WriteKey
from shuke.apps.collector.schemas import SourceView, WriteKeyView
from shuke.platform.errors import NotFound

WEEK = timedelta(days=6)


def key_view(row: WriteKey) -> WriteKeyView:
    """The public view of a key."""
    return WriteKeyView(
        id=row.public_id,
        role=row.role,
        prefix=row.prefix,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def source_row(source_id: str) -> Source:
    """The row of a source.  Raises ``NotFound``."""
    row = Source.objects.select_related("account").filter(public_id=source_id).first()
    if row is None:
        raise NotFound("source_not_found", _("There is no such source."))
    return row


def source(source_id: str, *, today: date) -> SourceView:
    """One source; ``today`` is the retailer's business day, the last of the seven that are summed."""
    return _views([source_row(source_id)], today=today)[0]


def sources(*, today: date) -> list[SourceView]:
    """Every source by name."""
    return _views(Source.objects.select_related("account").order_by("name"), today=today)


def write_keys(source_id: str) -> list[WriteKeyView]:
    """The keys of a source, newest first, the revoked ones too."""
    rows = source_row(source_id).write_keys.order_by("-created_at", "-pk")
    return [key_view(row) for row in rows]


def source_days_total(*, today: date) -> int:
    """Events accepted in the last seven days over all sources."""
    total = SourceDay.objects.filter(day__gte=today - WEEK).aggregate(total=Sum("accepted"))["total"]
    return int(total or 0)


def _views(rows: Iterable[Source], *, today: date) -> list[SourceView]:
    known = list(rows)
    since = today - WEEK
    days = SourceDay.objects.filter(source__in=known, day__gte=since)
    sums = {
        pk: (int(accepted or 0), int(rejected or 0))
        for pk, accepted, rejected in days.values_list("source_id").annotate(Sum("accepted"), Sum("rejected"))
    }
    broken = dict(
        PlanViolation.objects.filter(source__in=known, day__gte=since)
        .values_list("source_id")
        .annotate(total=Sum("count"))
    )
    newest = dict(
        SourceDay.objects.filter(source__in=known).values_list("source_id").annotate(Max("last_at"))
    )
    keys: dict[int, list[WriteKeyView]] = {}
    for key in WriteKey.objects.filter(source__in=known).order_by("-created_at", "-pk"):
        keys.setdefault(key.source_id, []).append(key_view(key))
    return [
        SourceView(
            id=row.public_id,
            name=row.name,
            kind=row.kind,
            account_id=row.account_id,
            account=row.account.name,
            is_active=row.is_active,
            events_per_second=row.events_per_second,
            created_at=row.created_at,
            write_keys=keys.get(row.pk, []),
            accepted_7_days=sums.get(row.pk, (0, 0))[0],
            rejected_7_days=sums.get(row.pk, (0, 0))[1],
            violations_7_days=broken.get(row.pk, 0),
            last_at=newest.get(row.pk),
        )
        for row in known
    ]


def source_names(source_ids: Iterable[str]) -> dict[str, str]:
    """What sources are called, by id; unknown ids are left out."""
    rows = Source.objects.filter(public_id__in=list(source_ids))
    return dict(rows.values_list("public_id", "name"))
