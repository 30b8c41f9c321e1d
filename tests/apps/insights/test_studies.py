"""Studies: answered, kept day by day, refused in words, and never half written."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from shuke.apps.insights.operations import build_traits, kinds, run_study, studying
from shuke.apps.insights.queries import QUESTIONS, latest_study, newest_studies, studies_of
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.platform.errors import NotFound, Refused
from shuke.platform.warehouse import lake
from shuke.science.reading import Reading
from shuke.tables import TABLES
from tests.apps.insights.conftest import AT, TODAY

YESTERDAY = TODAY - timedelta(days=1)


def answered(facts: StudyFacts) -> StudyOutcome:
    """Every member in one layer, with a number drawn from the study's own chance."""
    members = facts.traits.member_id.to_pyarrow().to_pylist()
    rows = [
        {"member_id": m, "as_of": facts.as_of, "scheme": "test", "layer": "all", "score": None}
        for m in members
    ]
    return StudyOutcome(
        result={"members": len(members), "drawn": float(facts.rng.random())},
        readings=[Reading("There are {members} members.", {"members": len(members)})],
        layers=pa.Table.from_pylist(rows, schema=TABLES["member_layers"].arrow_schema),
    )


def refused(facts: StudyFacts) -> StudyOutcome:
    raise NotEnough(Reading("Only {days} days are known.", {"days": 3}))


def endless(facts: StudyFacts) -> StudyOutcome:
    return StudyOutcome(result={"share": float("nan")}, layers=answered(facts).layers)


@pytest.fixture
def studied(shop, monkeypatch):
    monkeypatch.setattr(studying, "RUNS", {"test": answered, "refused": refused, "endless": endless})
    build_traits(at=AT, as_of=YESTERDAY)


def layers() -> list[dict[str, object]]:
    with lake().read() as snapshot:
        found: list[dict[str, object]] = snapshot.table("member_layers").to_pyarrow().to_pylist()
    return found


def test_every_kind_has_a_question_and_every_question_a_study():
    assert set(kinds.RUNS) == set(QUESTIONS)


def test_an_answer_and_its_layers_take_the_place_of_the_same_day(studied):
    first = run_study("test", at=AT, as_of=YESTERDAY)
    second = run_study("test", at=AT, as_of=YESTERDAY)
    assert first.result == second.result
    assert first.readings[0].text == "There are 4 members."
    assert len(layers()) == 4
    assert len(studies_of("test")) == 1


def test_of_several_days_the_newest_is_told_and_the_others_stay(studied):
    before = YESTERDAY - timedelta(days=1)
    build_traits(at=AT, as_of=before)
    for day in (YESTERDAY, before):
        run_study("test", at=AT, as_of=day)
    run_study("refused", at=AT, as_of=before)
    assert {kind: view.as_of for kind, view in newest_studies().items()} == {
        "test": YESTERDAY,
        "refused": before,
    }
    assert [view.as_of for view in studies_of("test")] == [YESTERDAY, before]


def test_the_reason_of_no_answer_is_kept(studied):
    run_study("refused", at=AT, as_of=YESTERDAY)
    found = latest_study("refused")
    assert found is not None
    assert found.refusal is not None
    assert found.refusal.text == "Only 3 days are known."
    assert found.is_refused
    assert found.result == {}


def test_a_number_that_is_none_writes_nothing(studied):
    with pytest.raises(ValueError, match="not JSON compliant"):
        run_study("endless", at=AT, as_of=YESTERDAY)
    assert latest_study("endless") is None
    assert layers() == []


def test_days_that_are_not_over_or_not_known_and_unknown_kinds_are_refused(studied):
    with pytest.raises(Refused, match="whole days"):
        run_study("test", at=AT, as_of=TODAY)
    with pytest.raises(Refused, match="no traits"):
        run_study("test", at=AT, as_of=YESTERDAY - timedelta(days=5))
    with pytest.raises(NotFound):
        run_study("nothing", at=AT, as_of=YESTERDAY)
