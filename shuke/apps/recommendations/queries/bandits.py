"""What the bandit of a slot has learned."""

import time
from collections.abc import Mapping

from django.db import DatabaseError

from shuke.apps.recommendations.models import BanditArm
from shuke.apps.recommendations.rules.choosing import PRIOR

#: How long a process serves by what it read; learning is minutes apart anyway.
KEPT_SECONDS = 10.0

Posteriors = Mapping[str, tuple[float, float]]
_kept: dict[str, tuple[float, Posteriors]] = {}


def posteriors(slot_code: str) -> Posteriors:
    """Beta parameters of each strategy of the slot's bandit that was ever learned of, the prior included.

    For serving: kept in the process for ``KEPT_SECONDS``, so that an answer takes it from a dictionary; where the
    database does not answer, what was known before goes on.  An unknown slot has none.
    """
    found = _kept.get(slot_code)
    moment = time.monotonic()
    if found is not None and moment < found[0]:
        return found[1]
    try:
        fresh = current_posteriors(slot_code)
    except DatabaseError:
        fresh = found[1] if found else {}
    _kept[slot_code] = (moment + KEPT_SECONDS, fresh)
    return fresh


def current_posteriors(slot_code: str) -> Posteriors:
    """The same as :func:`posteriors`, read now."""
    rows = BanditArm.objects.filter(slot__code=slot_code).values_list("arm", "taken", "left")
    return {arm: (PRIOR[0] + taken, PRIOR[1] + left) for arm, taken, left in rows}
