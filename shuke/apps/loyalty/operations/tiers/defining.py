"""Setting programmes up: the draft changes, a published version never does."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.events import TierVersionPublished
from shuke.apps.loyalty.models import TierProgram, TierTrial, TierVersion
from shuke.apps.loyalty.queries.tiers.programs import program_row, program_view, published_rows, version_view
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.rules.tiers import Counter, Terms, Tier, Window, as_data, faults
from shuke.apps.loyalty.schemas.tiers import TierProgramView, TierTermsView, TierVersionView, TierView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.events import emit
from shuke.platform.languages import checked_texts, in_language
from shuke.platform.permissions import Actor

#: How far back a programme may begin: older purchases say little, and replaying takes its time.
LONGEST_HISTORY = timedelta(days=3_660)
MOST_NAME, MOST_TIER_NAME = 60, 40
MESSAGES: Mapping[str, str | Promise] = {
    "tiers_number": _("A ladder has one to twelve tiers."),
    "rolling_has_no_end": _("A rolling window has no end; let members go up at once."),
    "out_of_range": _("This number of days is not possible."),
    "points_type_missing": _("Choose which points are counted."),
    "points_type_unknown": _("There are no points of this code."),
    "events_missing": _("Name at least one event to count."),
    "code_taken": _("Another tier has this code."),
    "value_missing": _("This is needed."),
    "not_above_the_lower": _("A tier needs more than the one below it."),
    "keep_above_reach": _("Keeping a tier may not need more than reaching it."),
}


@transaction.atomic
def create_tier_program(
    *,
    actor: Actor,
    at: datetime,
    today: date,
    name: str = "",
    names: Mapping[str, str] | None = None,
    terms: TierTermsView,
    valid_from: date | None = None,
) -> TierProgramView:
    """Begin a programme with a draft; ``valid_from`` may lie in the past, then history is placed.

    ``names`` are by language, ``name`` stands for every reader.  Raises ``Invalid`` with messages by field.
    """
    spoken = checked_texts(names, field="name", most=MOST_NAME)
    name = name.strip() or in_language(spoken)
    if not name:
        raise Invalid(
            "tier_program_unnamed", _("A programme needs a name."), {"name": [MESSAGES["value_missing"]]}
        )
    program = TierProgram.objects.create(name=name[:MOST_NAME], names=spoken, created_at=at)
    row = TierVersion(program=program, created_at=at)
    _write_draft(row, terms=terms, at=at, valid_from=valid_from, note="")
    _audit(actor, at, "tier_program.created", program, {"name": [None, program.name]})
    return program_view(program, today=today)


@transaction.atomic
def save_tier_draft(
    *,
    actor: Actor,
    at: datetime,
    program_id: str,
    terms: TierTermsView,
    valid_from: date | None = None,
    note: str = "",
    names: Mapping[str, str] | None = None,
) -> TierVersionView:
    """Make or change the draft of a programme.  ``names`` of the programme, where given, hold at once.

    Raises ``NotFound``, and ``Invalid`` with messages by field.
    """
    program = program_row(program_id)
    if names is not None:
        _rename(program, names, actor=actor, at=at)
    row = TierVersion.objects.select_for_update().filter(program=program, number=None).first()
    row = row or TierVersion(program=program, created_at=at)
    try:
        with transaction.atomic():
            _write_draft(row, terms=terms, at=at, valid_from=valid_from, note=note)
    except IntegrityError as error:
        raise Refused("tier_draft_exists", _("Somebody has just begun a draft; open it.")) from error
    _audit(actor, at, "tier_draft.saved", program, {"terms": [None, row.terms]})
    return version_view(row)


def _rename(program: TierProgram, names: Mapping[str, str], *, actor: Actor, at: datetime) -> None:
    spoken = checked_texts(names, field="name", most=MOST_NAME)
    if not spoken or spoken == program.names:
        return
    before, program.names, program.name = program.names or {"": program.name}, spoken, in_language(spoken)
    program.save(update_fields=["names", "name"])
    _audit(actor, at, "tier_program.renamed", program, {"names": [before, spoken]})


@transaction.atomic
def drop_tier_draft(*, actor: Actor, at: datetime, program_id: str) -> None:
    """Throw the draft away, and the programme with it if nothing was ever published."""
    program = program_row(program_id)
    TierVersion.objects.filter(program=program, number=None).delete()
    _audit(actor, at, "tier_draft.discarded", program, {})
    if not program.versions.exists():
        program.delete()


@transaction.atomic
def publish_tier_version(
    *, actor: Actor, at: datetime, today: date, program_id: str, trial_id: str, valid_from: date
) -> TierVersionView:
    """Publish the draft as it was tried, valid from a day on.

    The first version may begin in the past; a later one begins after today and after the one before.
    Refuses a draft that was not tried, was changed since, or was tried on another day.
    """
    program = program_row(program_id)
    row = TierVersion.objects.select_for_update().filter(program=program, number=None).first()
    if row is None:
        raise NotFound("tier_draft_not_found", _("There is no draft to publish."))
    trial = TierTrial.objects.filter(public_id=trial_id, version=row).first()
    if trial is None or trial.terms != row.terms:
        raise Refused("tier_draft_not_tried", _("Try the draft as it is now before you publish it."))
    if trial.today != today:
        raise Refused("tier_trial_outdated", _("The trial is of another day; try the draft again first."))
    published = published_rows(program)
    _check_day(published, valid_from=valid_from, today=today)
    row.number = (published[-1].number or 0) + 1 if published else 1
    row.valid_from, row.published_at, row.published_by = valid_from, at, actor.name[:120]
    row.tried, row.changed_at = trial, at
    row.save()
    changes = {"number": [None, row.number], "valid_from": [None, valid_from], "trial": [None, trial_id]}
    _audit(actor, at, "tier_version.published", program, changes)
    emit(TierVersionPublished(program.public_id, row.number, valid_from, at))
    return version_view(row)


def _check_day(published: list[TierVersion], *, valid_from: date, today: date) -> None:
    if not published:
        if not today - LONGEST_HISTORY <= valid_from <= today + timedelta(days=366):
            raise Invalid(
                "tier_day_out_of_range",
                _("A programme begins at most ten years ago and within a year from now."),
                {"valid_from": [MESSAGES["out_of_range"]]},
            )
        return
    newest = published[-1].valid_from
    earliest = max(today, newest or today) + timedelta(days=1)
    if valid_from < earliest:
        raise Invalid(
            "tier_day_too_early",
            _("Nobody may be moved by rules of the past: the earliest day is %(day)s.") % {"day": earliest},
            {"valid_from": [MESSAGES["out_of_range"]], "earliest": earliest.isoformat()},
        )


def _write_draft(
    row: TierVersion, *, terms: TierTermsView, at: datetime, valid_from: date | None, note: str
) -> None:
    row.terms, row.changed_at, row.note = as_data(checked(terms)), at, note[:200]
    row.valid_from = valid_from
    row.save()


def checked(view: TierTermsView) -> Terms:
    """The terms that were entered.  Raises ``Invalid`` with messages by field."""
    terms = Terms(
        tiers=tuple(_tier(each, place) for place, each in enumerate(view.tiers)),
        counter=Counter(
            view.counter.kind,
            view.counter.points_type if view.counter.kind == "points" else "",
            tuple(dict.fromkeys(view.counter.events)) if view.counter.kind == "events" else (),
        ),
        window=Window(view.window.kind, view.window.days if view.window.kind == "rolling" else 365),
        up=view.up,
        down=view.down,
        grace_days=view.grace_days,
    )
    found = faults(terms)
    known = {each.code for each in points_types()}
    if (
        terms.counter.kind == "points"
        and terms.counter.points_type
        and terms.counter.points_type not in known
    ):
        found.setdefault("counter", []).append("points_type_unknown")
    if found:
        raise Invalid(
            "tier_terms_invalid",
            _("These rules cannot be used; see what is marked."),
            {field: [MESSAGES[code] for code in codes] for field, codes in found.items()},
        )
    return terms


def _tier(view: TierView, place: int) -> Tier:
    names = checked_texts(view.names, field=f"tiers.{place}.name", most=MOST_TIER_NAME)
    return Tier(view.code.strip(), view.name.strip() or in_language(names), view.reach, view.keep, names)


def _audit(
    actor: Actor, at: datetime, verb: str, program: TierProgram, changes: Mapping[str, object]
) -> None:
    record_audit(actor=actor, at=at, verb=verb, subject=("tier_program", program.public_id), changes=changes)
