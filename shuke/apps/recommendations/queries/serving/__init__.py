"""Answering for a slot, from what lies in memory: no database, no lake, no clock."""

from shuke.apps.recommendations.queries.serving.answering import recommend
from shuke.apps.recommendations.queries.serving.many import recommend_many
from shuke.apps.recommendations.queries.serving.surroundings import (
    NOTHING_KNOWN,
    ProductsLearned,
    Stock,
    Surroundings,
)

__all__ = ["NOTHING_KNOWN", "ProductsLearned", "Stock", "Surroundings", "recommend", "recommend_many"]
