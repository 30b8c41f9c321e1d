"""Reading saved audiences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.audiences.models import Audience, AudienceEvaluation, AudienceUse, AudienceVersion
from shuke.apps.audiences.queries.describing import described, summary
from shuke.apps.audiences.queries.evaluating import Bench, bench, saved_conditions
from shuke.apps.audiences.queries.faults import fault_views
from shuke.apps.audiences.rules import Condition, Fault, FaultyConditionsError, parsed, referenced
from shuke.apps.audiences.schemas import (
    AudienceMember,
    AudienceRow,
    AudienceView,
    DescriptionLine,
    DraftView,
    MemberIds,
    Profile,
    SizePoint,
    UseView,
    VersionView,
)
from shuke.platform.errors import Invalid, NotFound

#: How many counts a list shows.
HISTORY = 30


def refused(faults: Iterable[Fault]) -> Invalid:
    """Faults as a refusal: ``details.faults`` lists them, each with the path of its condition."""
    views = [view.model_dump() for view in fault_views(faults)]
    return Invalid("faulty_conditions", _("Some conditions need your attention."), {"faults": views})


def read_tree(raw: object) -> Condition:
    """The tree of plain data.  Raises ``Invalid`` with all faults."""
    try:
        return parsed(raw)
    except FaultyConditionsError as error:
        raise refused(error.faults) from error


def audience_row(audience_id: str) -> Audience:
    """The row of an audience, archived or not.  Raises ``NotFound``."""
    row = Audience.objects.filter(public_id=audience_id).first()
    if row is None:
        raise NotFound("audience_not_found", _("There is no such audience."))
    return row


def version_row(row: Audience, number: int | None = None) -> AudienceVersion:
    """A version of an audience, the newest without a number.  Raises ``NotFound``."""
    found = row.versions.filter(number=number or row.version).first()
    if found is None:
        raise NotFound("version_not_found", _("The audience has no such version."))
    return found


def audiences_page(
    *, as_of: date, limit: int = 50, offset: int = 0, status: str = "active", text: str = ""
) -> tuple[list[AudienceRow], int]:
    """Audiences, the last changed first, and how many there are in all."""
    rows = Audience.objects.filter(status=status).order_by("-updated_at", "-pk")
    if text:
        rows = rows.filter(name__icontains=text)
    page = list(rows[offset : offset + limit])
    newest = {(v.audience_id, v.number): v for v in AudienceVersion.objects.filter(audience__in=page)}
    sizes, uses = _sizes(page), _uses(page)
    with bench(as_of=as_of) as found:
        views = [
            AudienceRow(
                **_facts(row),
                summary=summary(_describe(found, parsed(newest[row.pk, row.version].conditions))),
                sizes=sizes[row.pk],
                used_by=uses[row.pk],
            )
            for row in page
        ]
    return views, rows.count()


def _facts(row: Audience) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "status": row.status,
        "version": row.version,
        "updated_at": row.updated_at,
    }


def _describe(found: Bench, tree: Condition) -> list[DescriptionLine]:
    return described(tree, name_of=found.name_of, currency=found.facts.currency)


def _sizes(rows: Iterable[Audience], limit: int = HISTORY) -> dict[int, list[SizePoint]]:
    points: dict[int, list[SizePoint]] = defaultdict(list)
    for row in rows:
        found = AudienceEvaluation.objects.filter(version__audience=row).select_related("version")
        for evaluation in found.order_by("-evaluated_at", "-pk")[:limit]:
            points[row.pk].insert(0, size_point(evaluation))
    return points


def size_point(row: AudienceEvaluation) -> SizePoint:
    """The public view of a count."""
    return SizePoint(
        as_of=row.as_of,
        evaluated_at=row.evaluated_at,
        version=row.version.number,
        size=row.size,
        members_total=row.members_total,
        lake_versions=row.lake_versions,
    )


def _uses(rows: Iterable[Audience]) -> dict[int, list[UseView]]:
    found: dict[int, list[UseView]] = defaultdict(list)
    wanted = {row.public_id: row.pk for row in rows}
    for use in AudienceUse.objects.filter(audience__in=wanted.values()).order_by("pk"):
        found[use.audience_id].append(UseView(kind=use.kind, subject_id=use.subject_id, label=use.label))
    for other in audiences_using(wanted):
        for audience_id in other[2]:
            found[wanted[audience_id]].append(UseView(kind="audience", subject_id=other[0], label=other[1]))
    return found


def audiences_using(audience_ids: Iterable[str]) -> list[tuple[str, str, list[str]]]:
    """Active audiences that refer to any of these: id, name and which ones."""
    wanted = set(audience_ids)
    names = dict(Audience.objects.filter(status="active").values_list("public_id", "name"))
    using = []
    for audience_id, tree in saved_conditions().items():
        hits = [found for found in referenced(tree) if found in wanted]
        if hits and audience_id in names:
            using.append((audience_id, names[audience_id], hits))
    return using


def audience(audience_id: str, *, as_of: date, version: int | None = None) -> AudienceView:
    """An audience at a version, the newest by default.  Raises ``NotFound``."""
    row = audience_row(audience_id)
    shown = version_row(row, version)
    with bench(as_of=as_of) as found:
        lines = _describe(found, parsed(shown.conditions))
    return AudienceView(
        **{**_facts(row), "version": shown.number},
        summary=summary(lines),
        sizes=_sizes([row])[row.pk],
        used_by=_uses([row])[row.pk],
        created_at=row.created_at,
        conditions=shown.conditions,
        note=shown.note,
        author_name=shown.author_name,
        description=lines,
    )


def versions(audience_id: str) -> list[VersionView]:
    """All versions, the newest first."""
    rows = audience_row(audience_id).versions.order_by("-number")
    return [VersionView.from_orm(row) for row in rows]


def audience_names() -> list[tuple[str, str]]:
    """Id and name of every audience that is not archived, by name."""
    return list(Audience.objects.filter(status="active").order_by("name").values_list("public_id", "name"))


def audience_member_ids(audience_id: str, *, as_of: date, version: int | None = None) -> list[str]:
    """Ids of the members of an audience on a business day, ascending.  Raises ``NotFound``."""
    tree = parsed(version_row(audience_row(audience_id), version).conditions)
    with bench(as_of=as_of) as found:
        return found.member_ids(tree)


def member_ids_page(
    audience_id: str, *, as_of: date, version: int | None = None, limit: int = 50, offset: int = 0
) -> MemberIds:
    """A page of the member ids, with the lake versions they come from."""
    row = version_row(audience_row(audience_id), version)
    with bench(as_of=as_of) as found:
        ids = found.member_ids(parsed(row.conditions))
        return MemberIds(
            items=ids[offset : offset + limit],
            total=len(ids),
            limit=limit,
            offset=offset,
            as_of=as_of,
            version=row.number,
            lake_versions=found.lake_versions(),
        )


def audience_profile(audience_id: str, *, as_of: date, version: int | None = None) -> Profile:
    """Who is in an audience, against all members."""
    tree = parsed(version_row(audience_row(audience_id), version).conditions)
    with bench(as_of=as_of) as found:
        return found.profile(tree)


def audience_members(
    audience_id: str, *, as_of: date, version: int | None = None, limit: int = 50, offset: int = 0
) -> tuple[list[AudienceMember], int]:
    """Members by what they spent, most first, and how many there are in all."""
    tree = parsed(version_row(audience_row(audience_id), version).conditions)
    with bench(as_of=as_of) as found:
        return found.first_members(tree, limit=limit, offset=offset)


def draft(raw: object, *, as_of: date, audience_id: str | None = None, limit: int = 10) -> DraftView:
    """Size and first members of a tree that is being edited.  Raises ``Invalid`` with all faults."""
    tree = read_tree(raw)
    with bench(as_of=as_of) as found:
        faults = found.faults(tree, own_id=audience_id)
        if faults:
            raise refused(faults)
        members, size = found.first_members(tree, limit=limit)
        return DraftView(
            size=size,
            members_total=found.members_total(),
            as_of=as_of,
            description=_describe(found, tree),
            members=members,
        )


def audience_size(raw: object, *, as_of: date) -> int:
    """How many members a tree holds for.  Raises ``Invalid`` with all faults."""
    tree = read_tree(raw)
    with bench(as_of=as_of) as found:
        return found.size(tree)


def audiences_listing(member_id: str) -> list[str]:
    """Ids of audiences with a version that names the member in a list."""
    rows = AudienceVersion.objects.filter(conditions__icontains=member_id).select_related("audience")
    return sorted({row.audience.public_id for row in rows})
