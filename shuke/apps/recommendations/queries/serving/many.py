"""Answers for many members at once: the same as one by one."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from shuke.apps.recommendations.queries.serving.answering import recommend
from shuke.apps.recommendations.queries.serving.surroundings import NOTHING_KNOWN, Surroundings
from shuke.apps.recommendations.schemas import Answer, Asked, SlotView
from shuke.science.recommendations.bundles import Bundle


def recommend_many(
    slot: SlotView,
    member_ids: Sequence[str],
    *,
    bundle: Bundle | None,
    at: datetime,
    language: str = "en",
    threads: int = 1,  # noqa: ARG001 - of use from the next change on
    places: int = 0,
    with_reasons: bool = True,
    around: Surroundings = NOTHING_KNOWN,
    seed: int = 0,
) -> Iterator[Answer]:
    """An answer for each member, in the order given."""
    rng = np.random.default_rng(seed)
    for member_id in member_ids:
        asked = Asked(
            slot.code, at, member_id=member_id, places=places, language=language, with_reasons=with_reasons
        )
        yield recommend(asked, slot=slot, bundle=bundle, rng=rng, around=around)
