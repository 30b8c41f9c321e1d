"""Changes of audiences."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.audiences.models import Audience, AudienceEvaluation, AudienceUse, AudienceVersion
from shuke.apps.audiences.queries.evaluating import bench
from shuke.apps.audiences.queries.saved import (
    audience_row,
    audiences_using,
    read_tree,
    refused,
    size_point,
    version_row,
)
from shuke.apps.audiences.rules import Condition, as_data, parsed, without_member
from shuke.apps.audiences.schemas import SizePoint
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor


class NameTaken(Refused):
    """Another audience has the name."""


class ChangedMeanwhile(Refused):
    """Somebody else saved the audience since it was opened."""


class StillUsed(Refused):
    """Something else refers to the audience."""


class Archived(Refused):
    """The audience is archived and cannot change."""


def _checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > 120 or "\x00" in clean:
        raise Invalid(
            "invalid_name",
            _("Give the audience a name of up to 120 characters."),
            {"name": ["1–120"]},
        )
    return clean


def _checked_tree(raw: Any, *, as_of: date, own_id: str | None = None) -> Condition:
    tree = read_tree(raw)
    with bench(as_of=as_of) as found:
        faults = found.faults(tree, own_id=own_id)
    if faults:
        raise refused(faults)
    return tree


def _checked_note(note: str) -> str:
    return note.replace("\x00", "").strip()[:300]


def create_audience(
    *, actor: Actor, at: datetime, as_of: date, name: str, conditions: Any, note: str = ""
) -> str:
    """Save a new audience, count it, and return its public id.

    Refuses faulty conditions (``Invalid`` with each fault's path) and a name that is taken.
    """
    clean = _checked_name(name)
    tree = _checked_tree(conditions, as_of=as_of)
    with transaction.atomic():
        if Audience.objects.filter(name=clean, status="active").exists():
            raise _name_taken(clean)
        try:
            with transaction.atomic():
                row = Audience.objects.create(name=clean, created_at=at, updated_at=at)
        except IntegrityError as error:
            raise _name_taken(clean) from error
        _add_version(row, actor=actor, at=at, tree=tree, note=note)
        record_audit(
            actor=actor,
            at=at,
            verb="audience.created",
            subject=("audience", row.public_id),
            changes={"name": [None, clean], "version": [None, 1]},
        )
    evaluate_audience(at=at, as_of=as_of, audience_id=row.public_id)
    return row.public_id


def _name_taken(name: str) -> NameTaken:
    return NameTaken(
        "name_taken", _("Another audience already has this name; choose another."), {"name": name}
    )


def _add_version(row: Audience, *, actor: Actor, at: datetime, tree: Condition, note: str) -> None:
    AudienceVersion.objects.create(
        audience=row,
        number=row.version,
        conditions=as_data(tree),
        note=_checked_note(note),
        author_kind=actor.kind,
        author_id=actor.id,
        author_name=actor.name,
        created_at=at,
    )


def change_audience(
    *,
    actor: Actor,
    at: datetime,
    as_of: date,
    audience_id: str,
    name: str,
    conditions: Any,
    note: str = "",
    version: int | None = None,
) -> int:
    """Save an audience anew and return its version; conditions that are equal make no new one.

    ``version`` is the one the editor began with: refuses when somebody else saved meanwhile.
    """
    clean = _checked_name(name)
    tree = _checked_tree(conditions, as_of=as_of, own_id=audience_id)
    with transaction.atomic():
        row = _active_row(audience_id)
        _check_free(row, name=clean, version=version)
        before = version_row(row).conditions
        changes: dict[str, list[Any]] = {}
        if row.name != clean:
            changes["name"] = [row.name, clean]
            row.name = clean
        if before != as_data(tree):
            changes["version"] = [row.version, row.version + 1]
            row.version += 1
            _add_version(row, actor=actor, at=at, tree=tree, note=note)
        if changes:
            row.updated_at = at
            row.save()
            subject = ("audience", audience_id)
            record_audit(actor=actor, at=at, verb="audience.changed", subject=subject, changes=changes)
    evaluate_audience(at=at, as_of=as_of, audience_id=audience_id)
    return row.version


def _active_row(audience_id: str) -> Audience:
    audience_row(audience_id)
    row = Audience.objects.select_for_update().get(public_id=audience_id)
    if row.status == "archived":
        raise Archived("archived", _("The audience is archived; duplicate it to go on with a copy."))
    return row


def _check_free(row: Audience, *, name: str, version: int | None) -> None:
    if version is not None and version != row.version:
        message = _("Somebody else saved this audience meanwhile; open it again to see the newest version.")
        raise ChangedMeanwhile("changed_meanwhile", message, {"version": row.version})
    others = Audience.objects.filter(name=name, status="active").exclude(pk=row.pk)
    if others.exists():
        raise _name_taken(name)


@transaction.atomic
def archive_audience(*, actor: Actor, at: datetime, audience_id: str) -> None:
    """Take an audience out of the lists.  Refuses while another audience refers to it.

    Its versions stay, so that reports of campaigns that used it stay true.
    """
    row = _active_row(audience_id)
    using = [name for _id, name, _hits in audiences_using([audience_id])]
    if using:
        message = _("Other audiences refer to this one; change them first: {names}")
        raise StillUsed("still_used", str(message).format(names=", ".join(using)), {"audiences": using})
    row.status = "archived"
    row.updated_at = at
    row.save(update_fields=["status", "updated_at"])
    record_audit(
        actor=actor,
        at=at,
        verb="audience.archived",
        subject=("audience", audience_id),
        changes={"status": ["active", "archived"]},
    )


def duplicate_audience(*, actor: Actor, at: datetime, as_of: date, audience_id: str) -> str:
    """A copy of the newest version under a free name; returns its public id."""
    row = audience_row(audience_id)
    base = str(_("Copy of {name}")).format(name=row.name)[:110]
    taken = set(
        Audience.objects.filter(name__startswith=base, status="active").values_list("name", flat=True)
    )
    name = next(n for n in (base, *(f"{base} {i}" for i in range(2, 10_000))) if n not in taken)
    return create_audience(actor=actor, at=at, as_of=as_of, name=name, conditions=version_row(row).conditions)


def evaluate_audience(
    *, at: datetime, as_of: date, audience_id: str, version: int | None = None
) -> SizePoint:
    """Count a version and keep the size with the lake versions it was counted on."""
    row = version_row(audience_row(audience_id), version)
    with bench(as_of=as_of) as found:
        kept = AudienceEvaluation(
            version=row,
            as_of=as_of,
            evaluated_at=at,
            size=found.size(parsed(row.conditions)),
            members_total=found.members_total(),
            lake_versions=found.lake_versions(),
        )
    kept.save()
    return size_point(kept)


def evaluate_all_audiences(*, at: datetime, as_of: date) -> int:
    """Count every active audience; returns how many.  One that fails does not stop the others."""
    failures: list[Exception] = []
    ids = list(Audience.objects.filter(status="active").values_list("public_id", flat=True))
    for audience_id in ids:
        try:
            evaluate_audience(at=at, as_of=as_of, audience_id=audience_id)
        except Exception as error:  # noqa: BLE001  (all are raised together below)
            error.add_note(f"while counting audience {audience_id}")
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some audiences could not be counted.", failures)
    return len(ids)


@transaction.atomic
def note_use(*, audience_id: str, kind: str, subject_id: str, label: str) -> None:
    """Say that something (``kind`` campaign, journey …) uses an audience; saying it again renames it."""
    AudienceUse.objects.update_or_create(
        audience=audience_row(audience_id),
        kind=kind,
        subject_id=subject_id,
        defaults={"label": label[:160]},
    )


@transaction.atomic
def forget_use(*, kind: str, subject_id: str, except_audience_id: str = "") -> None:
    """Something no longer uses any audience (but the one named)."""
    rows = AudienceUse.objects.filter(kind=kind, subject_id=subject_id)
    rows.exclude(audience__public_id=except_audience_id).delete()


@transaction.atomic
def erase_member(*, member_id: str) -> int:
    """Take a member out of every list of members, in all versions; returns how many versions changed.

    The one change a version ever sees.  A list that becomes empty keeps a name that nobody has.
    """
    changed = 0
    for row in AudienceVersion.objects.select_for_update().filter(conditions__icontains=member_id):
        kept = without_member(row.conditions, member_id)
        if kept != row.conditions:
            row.conditions = kept
            row.save(update_fields=["conditions"])
            changed += 1
    return changed
