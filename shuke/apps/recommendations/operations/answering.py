"""Answering: recommend, note it, count it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import local

import numpy as np

from shuke.apps.recommendations.operations.listing import record_lists
from shuke.apps.recommendations.queries.serving import Surroundings, recommend, recommend_many
from shuke.apps.recommendations.schemas import Answer, Asked, Listed, SlotView
from shuke.platform.observability.metrics import observe_answer
from shuke.science.recommendations.bundles import Bundle

_own = local()


def answer_slot(asked: Asked, *, slot: SlotView, bundle: Bundle | None, around: Surroundings) -> Answer:
    """The answer to one question, noted on disk before it is given; no database, no lake.

    Where it cannot be noted it is given all the same, without a ``list_id``.
    """
    begun = time.perf_counter()
    answer = recommend(asked, slot=slot, bundle=bundle, rng=_generator(), around=around)
    is_kept = record_lists([Listed(answer, asked.member_id, asked.anonymous_id)], at=asked.at)
    seconds = time.perf_counter() - begun
    observe_answer(slot=slot.code, step=answer.fallback, seconds=seconds, is_kept=is_kept)
    return answer if is_kept else replace(answer, list_id="")


def answer_members(
    slot: SlotView,
    member_ids: Sequence[str],
    *,
    bundle: Bundle | None,
    at: datetime,
    around: Surroundings,
    language: str = "en",
    places: int = 0,
    with_reasons: bool = True,
) -> list[Answer]:
    """The same for many members at once."""
    answers = list(
        recommend_many(
            slot,
            member_ids,
            places=places,
            bundle=bundle,
            at=at,
            language=language,
            with_reasons=with_reasons,
            around=around,
            seed=int(_generator().integers(2**32)),
        )
    )
    listed = [Listed(answer, member_id) for answer, member_id in zip(answers, member_ids, strict=True)]
    is_kept = record_lists(listed, at=at)
    return answers if is_kept else [replace(answer, list_id="") for answer in answers]


def _generator() -> np.random.Generator:
    """A generator of this thread, seeded by the system."""
    found: np.random.Generator | None = getattr(_own, "generator", None)
    if found is None:
        found = _own.generator = np.random.default_rng()
    return found
