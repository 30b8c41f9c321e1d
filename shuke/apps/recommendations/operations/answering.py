"""Answering: recommend, note it, count it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock, local

import numpy as np

from shuke.apps.recommendations.operations.listing import record_lists
from shuke.apps.recommendations.queries.serving import Surroundings, recommend, recommend_many
from shuke.apps.recommendations.schemas import Answer, Asked, Listed, SlotView
from shuke.platform.observability.metrics import observe_answer
from shuke.science.recommendations.bundles import Bundle

_own = local()


#: One answer is thought out at a time.  Four threads that each hold the interpreter for a moment and let go of it at
#: every call of the system stand in each other's way: at 300 a second the median rose from 3 ms to 900.
turn = Lock()


@dataclass(frozen=True)
class Proposal:
    """An answer that nobody was given yet."""

    asked: Asked
    answer: Answer
    seconds: float


def propose(asked: Asked, *, slot: SlotView, bundle: Bundle | None, around: Surroundings) -> Proposal:
    """The answer to a question, from memory alone.  Hold ``turn`` meanwhile."""
    begun = time.perf_counter()
    answer = recommend(asked, slot=slot, bundle=bundle, rng=_generator(), around=around)
    return Proposal(asked, answer, time.perf_counter() - begun)


def note(proposal: Proposal) -> Answer:
    """The answer once it is on disk, and so may be given; let ``turn`` go before, as others can think meanwhile.

    Where it cannot be noted it is given all the same, without a ``list_id``.
    """
    begun, asked, answer = time.perf_counter(), proposal.asked, proposal.answer
    is_kept = record_lists([Listed(answer, asked.member_id, asked.anonymous_id)], at=asked.at)
    seconds = proposal.seconds + time.perf_counter() - begun
    observe_answer(slot=answer.slot, step=answer.fallback, seconds=seconds, is_kept=is_kept)
    return answer if is_kept else replace(answer, list_id="")


def answer_slot(asked: Asked, *, slot: SlotView, bundle: Bundle | None, around: Surroundings) -> Answer:
    """The answer to one question, noted on disk before it is given; no database, no lake."""
    with turn:
        proposal = propose(asked, slot=slot, bundle=bundle, around=around)
    return note(proposal)


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
