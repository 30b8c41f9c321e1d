"""Noting the lists that members are sent, in the transaction of their messages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.experiments.operations import expose
from shuke.apps.recommendations.operations.listing import answer_facts
from shuke.apps.recommendations.schemas import Answer
from shuke.platform.errors import Refused
from shuke.platform.outbox.operations import record


@transaction.atomic
def record_message_lists(
    answers: Mapping[str, Sequence[Answer]], *, at: datetime, person_keys: Mapping[str, str]
) -> int:
    """Tell the lake which lists members (member id → answers) are sent, and the experiments of the slots who met them.

    Belongs into the transaction that queues the messages: then a killed run has sent and noted a list, or neither.
    ``record_lists`` notes answers on disk instead, for doors that must not wait for a database.  Members without a
    person key are left out; returns how many lists were noted.
    """
    _expose(answers, at=at, person_keys=person_keys)
    return record(
        "recommendation_lists",
        (
            answer_facts(answer) | {"person_key": person_keys[member_id], "listed_at": at}
            for member_id, of_member in answers.items()
            if member_id in person_keys
            for answer in of_member
        ),
    )


def _expose(answers: Mapping[str, Sequence[Answer]], *, at: datetime, person_keys: Mapping[str, str]) -> None:
    """Every experiment of a slot is told; one that was ended meanwhile takes nobody, which holds no message back."""
    for experiment_id, arms in _arms(answers):
        try:
            expose(
                experiment_id=experiment_id,
                campaign_id=None,
                assignments=arms,
                at=at,
                person_keys=person_keys,
            )
        except Refused:
            continue


def _arms(answers: Mapping[str, Sequence[Answer]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each experiment with the arm of each member that was answered in it."""
    found: dict[str, dict[str, str]] = {}
    for member_id, of_member in answers.items():
        for answer in of_member:
            if answer.experiment_id:
                found.setdefault(answer.experiment_id, {})[member_id] = answer.arm
    yield from found.items()
