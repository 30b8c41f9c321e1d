"""What the bandits of a slot have learned."""

import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from django.db import DatabaseError

from shuke.apps.recommendations.models import BanditArm, ProductBelief
from shuke.apps.recommendations.queries.serving import ProductsLearned
from shuke.apps.recommendations.rules.choosing import PRIOR

#: How long a process serves by what it read; learning is minutes apart anyway.
KEPT_SECONDS = 10.0

Posteriors = Mapping[str, tuple[float, float]]
Learned = Mapping[str, ProductsLearned]
Value = TypeVar("Value")


class _Kept(Generic[Value]):
    """What was read of each slot, for ``KEPT_SECONDS``; where the database does not answer, what was known before goes
    on.  Equal values stay the same object, so that what is made of them is kept as well."""

    def __init__(self, read: Callable[[str], Value], nothing: Value) -> None:
        self.read, self.nothing = read, nothing
        self.kept: dict[str, tuple[float, Value]] = {}

    def of(self, slot_code: str) -> Value:
        found, moment = self.kept.get(slot_code), time.monotonic()
        if found is not None and moment < found[0]:
            return found[1]
        before = found[1] if found else self.nothing
        try:
            fresh = self.read(slot_code)
        except DatabaseError:
            fresh = before
        fresh = before if fresh == before else fresh
        self.kept[slot_code] = (moment + KEPT_SECONDS, fresh)
        return fresh


def posteriors(slot_code: str) -> Posteriors:
    """Beta parameters of each strategy of the slot's bandit that was ever learned of, the prior included.

    For serving: kept in the process, so that an answer takes it from a dictionary.  An unknown slot has none.
    """
    return _posteriors.of(slot_code)


def current_posteriors(slot_code: str) -> Posteriors:
    """The same as :func:`posteriors`, read now."""
    rows = BanditArm.objects.filter(slot__code=slot_code).values_list("arm", "taken", "left")
    return {arm: (PRIOR[0] + taken, PRIOR[1] + left) for arm, taken, left in rows}


def products_learned(slot_code: str) -> Learned:
    """By context, what the slot's bandit over products knows, without a prior; for serving, as :func:`posteriors`."""
    return _products.of(slot_code)


def current_products_learned(slot_code: str) -> Learned:
    """The same as :func:`products_learned`, read now."""
    return {
        row.context: ProductsLearned(
            {product: (taken, exposures) for product, (taken, exposures) in row.beliefs.items()},
            row.taken,
            row.exposures,
        )
        for row in ProductBelief.objects.filter(slot__code=slot_code)
    }


_posteriors: _Kept[Posteriors] = _Kept(current_posteriors, {})
_products: _Kept[Learned] = _Kept(current_products_learned, {})
