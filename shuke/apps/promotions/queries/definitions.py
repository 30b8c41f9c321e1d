"""Reading kinds of vouchers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import Voucher, VoucherBatch, VoucherDefinition, VoucherVersion
from shuke.apps.promotions.queries.counting import used_of
from shuke.apps.promotions.queries.exposure import exposure
from shuke.apps.promotions.queries.prices import points_names, price_text
from shuke.apps.promotions.queries.wording import name_of, terms_summary, validity_summary
from shuke.apps.promotions.rules.terms import Terms, terms_of
from shuke.apps.promotions.schemas import (
    VoucherBatchView,
    VoucherCounts,
    VoucherDefinitionRow,
    VoucherDefinitionView,
    VoucherLimit,
    VoucherVersionView,
)
from shuke.platform.crypto import decrypt
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer


def definition_row(definition_id: str) -> VoucherDefinition:
    """The row.  Raises ``NotFound``."""
    row = VoucherDefinition.objects.filter(public_id=definition_id).first()
    if row is None:
        raise NotFound("voucher_definition_not_found", _("There is no such kind of voucher."))
    return row


def definitions_page(
    *, limit: int = 50, offset: int = 0, status: str = "", text: str = ""
) -> tuple[list[VoucherDefinitionRow], int]:
    """Kinds of vouchers, the last changed first, and how many there are in all."""
    rows = VoucherDefinition.objects.order_by("-updated_at", "-pk")
    if status:
        rows = rows.filter(status=status)
    if text:
        names = Q(**{"names__zh-hans__icontains": text}) | Q(names__en__icontains=text)
        rows = rows.filter(names | Q(name__icontains=text))
    page = list(rows[offset : offset + limit])
    newest = {(v.definition_id, v.number): v for v in VoucherVersion.objects.filter(definition__in=page)}
    counts, currency, points = counts_of(row.pk for row in page), retailer().currency, points_names()
    views = []
    for row in page:
        version = newest.get((row.pk, row.version))
        terms = terms_of(version.terms if version else row.draft or {})
        views.append(_row(row, terms, counts[row.pk], currency=currency, points=points))
    return views, rows.count()


def _row(
    row: VoucherDefinition,
    terms: Terms,
    counts: VoucherCounts,
    *,
    currency: str,
    points: Mapping[str, str],
) -> VoucherDefinitionRow:
    return VoucherDefinitionRow(
        id=row.public_id,
        name=name_of(row),
        names=row.names or {},
        status=row.status,
        version=row.version,
        kind=terms.kind,
        summary=terms_summary(terms, currency=currency),
        validity=validity_summary(terms),
        counts=counts,
        has_draft=row.draft is not None,
        updated_at=row.updated_at,
        price=price_text(terms.price, points) if terms.price else "",
    )


def counts_of(definition_ids: Iterable[int]) -> dict[int, VoucherCounts]:
    """Vouchers by state of each definition; none where there are none."""
    rows = Voucher.objects.filter(batch__version__definition__in=list(definition_ids))
    grouped = rows.values_list("batch__version__definition", "state").annotate(count=Count("pk")).order_by()
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for definition, state, count in grouped:
        found[definition][state] = count
    return defaultdict(VoucherCounts, {key: VoucherCounts(**states) for key, states in found.items()})


def definition(definition_id: str) -> VoucherDefinitionView:
    """One kind of voucher with its versions, limits and what it has cost.  Raises ``NotFound``."""
    row = definition_row(definition_id)
    shop = retailer()
    versions = list(row.versions.order_by("-number"))
    data = versions[0].terms if versions else row.draft or {}
    used = Voucher.objects.filter(batch__version__definition=row, state="redeemed")
    return VoucherDefinitionView(
        **_row(
            row,
            terms_of(data),
            counts_of([row.pk])[row.pk],
            currency=shop.currency,
            points=points_names(),
        ).model_dump(),
        terms=data,
        draft=row.draft,
        created_at=row.created_at,
        versions=[
            VoucherVersionView(
                number=version.number,
                terms=version.terms,
                summary=terms_summary(terms_of(version.terms), currency=shop.currency),
                note=version.note,
                author_name=version.author_name,
                published_at=version.published_at,
            )
            for version in versions
        ],
        limits=_limits(row, terms_of(data)) if versions else [],
        off_minor=used.aggregate(total=Sum("off_minor"))["total"] or 0,
        currency=shop.currency,
        exposure=exposure(row),
    )


def _limits(row: VoucherDefinition, terms: Terms) -> list[VoucherLimit]:
    used, limits = used_of(row.pk), terms.limits
    pairs = (
        ("uses", limits.uses, used.uses),
        ("claims", limits.claims, used.claims),
        ("budget", limits.budget_minor, used.budget),
    )
    return [
        VoucherLimit(what=what, limit=limit, used=taken) for what, limit, taken in pairs if limit is not None
    ]


def batches_of(definition_id: str, *, with_words: bool = False, limit: int = 50) -> list[VoucherBatchView]:
    """The batches of a definition, newest first, without that of single vouchers while it is empty."""
    rows = VoucherBatch.objects.select_related("version__definition")
    found = list(rows.filter(version__definition__public_id=definition_id).order_by("-pk")[:limit])
    views = _batch_views(found, with_words=with_words)
    return [view for view in views if view.kind != "single" or view.counts.out]


def batch(batch_id: str, *, with_word: bool = False) -> VoucherBatchView:
    """One batch.  Raises ``NotFound``."""
    rows = VoucherBatch.objects.select_related("version__definition").filter(public_id=batch_id)
    views = _batch_views(list(rows), with_words=with_word)
    if not views:
        raise NotFound("voucher_batch_not_found", _("There is no such batch of vouchers."))
    return views[0]


def _batch_views(rows: list[VoucherBatch], *, with_words: bool) -> list[VoucherBatchView]:
    states: dict[int, dict[str, int]] = defaultdict(dict)
    grouped = Voucher.objects.filter(batch__in=rows).values_list("batch", "state").order_by()
    for key, state, count in grouped.annotate(count=Count("pk")):
        states[key][state] = count
    return [
        VoucherBatchView(
            id=row.public_id,
            definition_id=row.version.definition.public_id,
            definition_name=name_of(row.version.definition),
            version=row.version.number,
            kind=row.kind,
            label=row.label,
            state=row.state,
            wanted=row.wanted,
            made=row.made,
            counts=VoucherCounts(**states[row.pk]),
            word=decrypt(row.word_encrypted) if with_words else "",
            author_name=row.author_name,
            created_at=row.created_at,
        )
        for row in rows
    ]


def definition_names(definition_ids: Iterable[str]) -> dict[str, str]:
    """What kinds of vouchers are called, by public id."""
    rows = VoucherDefinition.objects.filter(public_id__in=list(definition_ids))
    return {row.public_id: name_of(row) for row in rows}


def claimable_definitions() -> list[VoucherDefinitionRow]:
    """Kinds of vouchers that members may claim by themselves."""
    rows, _total = definitions_page(limit=200, status="published")
    newest = {
        (v.definition.public_id, v.number): v.terms
        for v in VoucherVersion.objects.select_related("definition").filter(definition__status="published")
    }
    return [row for row in rows if newest[row.id, row.version].get("is_claimable")]


def unfinished_batches() -> list[str]:
    """Public ids of batches that the background still has to make, to issue or to cancel."""
    rows = VoucherBatch.objects.filter(state__in=["making", "cancelling"]).order_by("pk")
    return list(rows.values_list("public_id", flat=True))
