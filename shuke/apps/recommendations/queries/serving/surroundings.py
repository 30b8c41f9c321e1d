"""What changes between two bundles and an answer needs: stock, ages, what bandits have learned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, eq=False)
class Stock:
    """``sold_out``: products of which some place counts, and no place has a piece to sell; ``missing``: by store,
    products that are counted there and of which none is left.  What nobody counts stands in no way."""

    sold_out: frozenset[str] = frozenset()
    missing: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class ProductsLearned:
    """Of each product what was ``(taken, exposures)``, and of all of them, without a prior."""

    known: Mapping[str, tuple[float, float]]
    taken: float = 0.0
    exposures: float = 0.0


@dataclass(frozen=True, eq=False)
class Surroundings:
    """``zone``: of the retailer's days.  ``ages``: of members in years, where known.  ``posteriors``: by slot, what its
    bandit has learned of each strategy; ``products``: by slot and context, what its bandit over products has.  Read
    aside, so that an answer waits for nothing."""

    zone: str = "UTC"
    stock: Stock = field(default_factory=Stock)
    ages: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    posteriors: Mapping[str, Mapping[str, tuple[float, float]]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    products: Mapping[str, Mapping[str, ProductsLearned]] = field(
        default_factory=lambda: MappingProxyType({})
    )


NOTHING_KNOWN = Surroundings()
