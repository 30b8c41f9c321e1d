"""Noting answers before they are given: on disk first, in the lake soon after (docs/algorithms/serving.md)."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from shuke.apps.recommendations.adapters.list_writer import list_writer
from shuke.apps.recommendations.queries.list_spools import SOURCE, device_key, list_root
from shuke.apps.recommendations.rules.strategies import POPULAR_BANDIT
from shuke.apps.recommendations.schemas.serving import Answer, Listed, RecommendedItem
from shuke.sources.collector.records import packed
from shuke.sources.collector.spool import SpoolBusy
from shuke.sources.collector.writing import QueueFull

log = logging.getLogger(__name__)
#: Answers that go to the disk together.
TOGETHER = 1000
PINNED = "pinned"
_encode = msgspec.json.Encoder().encode


def record_lists(listed: Iterable[Listed], *, at: datetime) -> bool:
    """Note answers as given at ``at``; returns once they are on disk, in few writes however many there are.

    False if they could not be kept (a full disk, say): then nobody may be told their ``list_id``.
    """
    moment, rest = round(at.timestamp() * 1_000_000), iter(listed)
    while part := list(islice(rest, TOGETHER)):
        if not _kept([_record(item, moment) for item in part]):
            return False
    return True


def _kept(records: Sequence[bytes]) -> bool:
    try:
        return list_writer(list_root()).keep(b"".join(records)) == "kept"
    except (SpoolBusy, QueueFull, OSError):
        log.exception("answers could not be noted")
        return False


def _record(item: Listed, moment: int) -> bytes:
    body = _encode(_facts(item))
    return packed(received_at=moment, kind=b"t", role="server", source=SOURCE, body=body)


def _facts(item: Listed) -> dict[str, Any]:
    """Who it was stands under the names that the spool's eraser looks for."""
    asked = {"userId": item.member_id, "anonymousId": device_key(item.anonymous_id)}
    return asked | answer_facts(item.answer)


def answer_facts(answer: Answer) -> dict[str, Any]:
    """What the lake keeps of an answer, whoever asked: columns of ``recommendation_lists``.

    Of a list that was drawn as a whole every product has its chance; of any other only the last that was explored.
    """
    tried = _tried(answer)
    drawn = (shown for shown in reversed(answer.items) if shown.propensity < 1)
    explored = None if tried else next(drawn, None)
    return {
        "list_id": answer.list_id,
        "slot": answer.slot,
        "slot_version": answer.slot_version,
        "bundle_id": answer.bundle_id or None,
        "experiment_id": answer.experiment_id or None,
        "arm": answer.arm,
        "strategy": answer.strategy,
        "strategy_chance": answer.strategy_chance,
        "fallback": answer.fallback,
        "product_ids": [shown.product_id for shown in answer.items],
        "explored_place": explored.place if explored else None,
        "explored_chance": explored.propensity if explored else None,
        "context": answer.context or None,
        "product_chances": _text({shown.product_id: round(shown.propensity, 6) for shown in tried}),
    }


def _tried(answer: Answer) -> list[RecommendedItem]:
    """What was drawn as a whole list, pinned products aside: only then the chances hold."""
    drawn = [shown for shown in answer.items if PINNED not in shown.moved]
    return drawn if all(shown.source == POPULAR_BANDIT for shown in drawn) else []


def _text(chances: dict[str, float]) -> str | None:
    return _encode(chances).decode() if chances else None
