"""What studies found."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from shuke.apps.insights.models import Study
from shuke.apps.insights.queries.questions import QUESTIONS
from shuke.apps.insights.schemas import ReadingView, StudyHead, StudyView


def study_key(kind: str) -> str:
    """The unique key of the job that answers the question: how a page finds it."""
    return f"study {kind}"


def study_view(row: Study, *, with_result: bool = True) -> StudyView:
    """The public view of a study; without its result where only the sentences are shown."""
    return StudyView(
        **_head(row),
        readings=[ReadingView(**reading) for reading in row.readings],
        refusal=ReadingView(**row.refusal) if row.refusal else None,
        result=row.result if with_result else {},
    )


def latest_study(kind: str) -> StudyView | None:
    """The answer of the newest day; ``None`` before the first."""
    row = Study.objects.filter(kind=kind).order_by("-as_of").first()
    return study_view(row) if row else None


def studies_of(kind: str, *, limit: int = 100) -> list[StudyView]:
    """The answers of the newest days, newest first: how the answer changed."""
    return [study_view(row) for row in Study.objects.filter(kind=kind).order_by("-as_of")[:limit]]


def newest_studies() -> dict[str, StudyView]:
    """The newest answer of every kind that has one, without its result."""
    return {row.kind: study_view(row, with_result=False) for row in _newest().defer("result")}


def study_heads() -> list[StudyHead]:
    """When each question was answered last, in the order of the questions."""
    newest = {row.kind: row for row in _newest().defer("result", "readings")}
    return [StudyHead(**_head(newest[kind])) for kind in QUESTIONS if kind in newest]


def _newest() -> QuerySet[Study]:
    """The row of each kind's newest day; older days, which are kept for good, stay in the database."""
    days = Study.objects.filter(kind=OuterRef("kind")).order_by("-as_of").values("as_of")
    return Study.objects.filter(as_of=Subquery(days[:1]))


def _head(row: Study) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "question": str(QUESTIONS[row.kind].text) if row.kind in QUESTIONS else row.kind,
        "as_of": row.as_of,
        "built_at": row.built_at,
        "seconds": row.seconds,
        "is_refused": row.refusal is not None,
    }
