"""Drafts, trials and versions: what is published never changes, and was tried as it is."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from shuke.apps.loyalty.models import TierTrial, TierVersion
from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.queries import tiers as queries
from shuke.apps.loyalty.schemas.tiers import TierView
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.tiers.conftest import AT, START, TODAY, Publish, order, terms, told

TOMORROW = TODAY + timedelta(days=1)
EASIER = [
    TierView(code="silver", name="Silver", reach=50_000, keep=50_000),
    TierView(code="gold", name="Gold", reach=700_000, keep=700_000),
]


def draft(program_id: str, **changes: Any) -> Any:
    return operations.save_tier_draft(
        actor=SYSTEM, at=AT, program_id=program_id, terms=terms(**changes), note="easier"
    )


def tried(program_id: str, today: date = TODAY) -> Any:
    return operations.try_tier_draft(actor=SYSTEM, at=AT, today=today, program_id=program_id)


def published(program_id: str, trial_id: str, *, valid_from: date = TOMORROW, today: date = TODAY) -> Any:
    return operations.publish_tier_version(
        actor=SYSTEM, at=AT, today=today, program_id=program_id, trial_id=trial_id, valid_from=valid_from
    )


def test_a_trial_lists_who_would_move_and_moves_nobody(people: list[str], publish: Publish) -> None:
    told(
        order("k0", date(2026, 3, 3), 60_000),
        order("k1", date(2026, 3, 3), 600_000),
        order("k2", date(2025, 12, 30), 900_000),
    )
    program = publish()
    operations.place_members(at=AT, today=TODAY)
    draft(program.id, tiers=EASIER)
    trial = tried(program.id)
    assert {(c.code_from, c.code_to): (c.members, c.spend_minor) for c in trial.cells} == {
        ("", ""): (1, 900_000),
        ("", "silver"): (1, 60_000),
        ("gold", "silver"): (1, 600_000),
    }
    assert (trial.members, trial.movers, trial.is_stale) == (3, 2, False)
    moves, total = queries.trial_moves(trial.id, code_from="gold", code_to="silver")
    assert (total, moves[0].member_id, moves[0].count) == (1, people[1], 600_000)
    assert moves[0].name == "B**"
    assert queries.tiers_of(people, at=AT)[people[1]] == "gold"


def test_publishing_names_the_trial_and_counts_from_its_day(people: list[str], publish: Publish) -> None:
    told(order("k0", date(2026, 3, 3), 60_000))
    program = publish()
    operations.place_members(at=AT, today=TODAY)
    draft(program.id, tiers=EASIER)
    version = published(program.id, tried(program.id).id)
    assert (version.number, version.valid_from) == (2, TOMORROW)
    assert version.trial_id == TierTrial.objects.latest("pk").public_id
    operations.place_members(at=AT, today=TODAY)
    assert queries.tiers_of(people, at=AT)[people[0]] == ""
    operations.place_members(at=AT + timedelta(days=1), today=TOMORROW)
    assert queries.tier_history(people[0])[0].from_date == TOMORROW
    assert queries.tier_history(people[0])[0].version == 2
    entry = AuditEntry.objects.filter(verb="tier_version.published").latest("pk")
    assert entry.changes["trial"][1] == version.trial_id
    view = queries.tier_program(program.id, today=TODAY)
    assert view.current is not None
    assert view.current.number == 1
    assert view.draft is None


def test_an_untried_a_changed_and_an_old_draft_are_refused(people: list[str], publish: Publish) -> None:
    program = publish()
    draft(program.id, tiers=EASIER)
    with pytest.raises(Refused) as untried:
        published(program.id, "ttr_none")
    trial = tried(program.id)
    draft(program.id, tiers=EASIER, grace_days=7)
    assert queries.tier_trial(trial.id).is_stale
    with pytest.raises(Refused) as stale:
        published(program.id, trial.id)
    again = tried(program.id)
    with pytest.raises(Refused) as old:
        published(program.id, again.id, today=TOMORROW, valid_from=TODAY + timedelta(days=5))
    codes = [refusal.value.code for refusal in (untried, stale, old)]
    assert codes == ["tier_draft_not_tried", "tier_draft_not_tried", "tier_trial_outdated"]
    assert TierVersion.objects.filter(number__isnull=False).count() == 1


@pytest.mark.parametrize("day", [START, TODAY])
def test_later_versions_never_begin_in_the_past(people: list[str], publish: Publish, day: date) -> None:
    program = publish()
    draft(program.id, tiers=EASIER)
    trial = tried(program.id)
    with pytest.raises(Invalid, match="earliest"):
        published(program.id, trial.id, valid_from=day)


def test_the_first_version_begins_within_ten_years_back_and_one_ahead(people: list[str]) -> None:
    made = operations.create_tier_program(actor=SYSTEM, at=AT, today=TODAY, name="Club", terms=terms())
    trial = tried(made.id)
    for day in (date(2010, 1, 1), date(2028, 1, 1)):
        with pytest.raises(Invalid):
            published(made.id, trial.id, valid_from=day)
    assert published(made.id, trial.id, valid_from=TODAY).number == 1


def test_faulty_rules_are_refused_by_field(people: list[str]) -> None:
    wrong = terms(tiers=[EASIER[1], EASIER[0]], window={"kind": "rolling", "days": 90}, up="at_end")
    with pytest.raises(Invalid) as refusal:
        operations.create_tier_program(actor=SYSTEM, at=AT, today=TODAY, name="Club", terms=wrong)
    assert set(refusal.value.details) == {"tiers.1.reach", "up"}
    other = terms(counter={"kind": "points", "points_type": "nothing"})
    with pytest.raises(Invalid) as unknown:
        operations.create_tier_program(actor=SYSTEM, at=AT, today=TODAY, name="Club", terms=other)
    assert set(unknown.value.details) == {"counter"}


def test_one_draft_a_programme_and_an_unpublished_programme_goes_with_it(
    people: list[str], publish: Publish
) -> None:
    program = publish()
    draft(program.id)
    draft(program.id, grace_days=3)
    row = TierVersion.objects.get(number=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        TierVersion.objects.create(program=row.program, terms=row.terms, created_at=AT, changed_at=AT)
    operations.drop_tier_draft(actor=SYSTEM, at=AT, program_id=program.id)
    assert queries.tier_program(program.id, today=TODAY).versions
    other = operations.create_tier_program(actor=SYSTEM, at=AT, today=TODAY, name="Other", terms=terms())
    operations.drop_tier_draft(actor=SYSTEM, at=AT, program_id=other.id)
    with pytest.raises(NotFound):
        queries.tier_program(other.id, today=TODAY)
