"""Every strategy that needs nothing but a history, under its name, with the variants that validation chooses from.

The first variant of each is the one for who does not choose.  A new strategy is a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shuke.science.recommendations.complements import Complements
from shuke.science.recommendations.discovery import Discovery
from shuke.science.recommendations.due import ReplenishmentDue
from shuke.science.recommendations.ease import Ease
from shuke.science.recommendations.factorisation import Als, Bpr
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.repeats.ranker import RepeatRanker
from shuke.science.recommendations.rp3beta import RP3Beta
from shuke.science.recommendations.stacking import Stacking
from shuke.science.recommendations.strategies import Strategy
from shuke.science.recommendations.tifu_knn import TifuKnn
from shuke.science.recommendations.up_cf import UpCf
from shuke.science.recommendations.weighted import Weighted

Variants = Callable[[], tuple[Strategy, ...]]
#: So little popularity that it only fills up what was never bought.
FILL = 1e-6


def _frequencies() -> tuple[Strategy, ...]:
    default = PersonalFrequency()
    others = (
        PersonalFrequency(half_life=half_life, prior=prior)
        for half_life in (10.0, 30.0, 60.0, 90.0, 120.0, 180.0, 365.0)
        for prior in (0.2, 0.8, 1.6)
    )
    # Where tastes last, nothing fades and hardly anything is filled up.
    lasting = PersonalFrequency(half_life=1000.0, prior=0.05)
    return (default, *(other for other in others if other != default), lasting)


STRATEGIES: Mapping[str, Variants] = MappingProxyType(
    {
        "popularity": lambda: (Popularity(), Popularity(days=7), Popularity(days=90), Popularity(days=None)),
        "personal-top": lambda: (PersonalFrequency(half_life=None, prior=0.0),),
        "gp-topfreq": lambda: (PersonalFrequency(half_life=None, prior=FILL),),
        "personal-frequency": _frequencies,
        "up-cf": lambda: (
            UpCf(),
            UpCf(last=5),
            UpCf(locality=1.0),
            UpCf(locality=20.0),
            UpCf(last=100, locality=20.0),
            UpCf(last=40, alpha=0.3, neighbours=200),
        ),
        # Three are published for Ta-Feng, Instacart and Dunnhumby (Hu et al. 2020); the last, and the last of UP-CF,
        # are what Romanov et al. 2023 found for Dunnhumby.
        "tifu-knn": lambda: (
            TifuKnn(),
            TifuKnn(between=0.9),
            TifuKnn(own=0.8),
            TifuKnn(between=0.5),
            TifuKnn(neighbours=300, within=0.9, own=0.7),
            TifuKnn(neighbours=900, within=0.9, own=0.9, groups=3),
            TifuKnn(neighbours=900, within=0.9, between=0.6, own=0.2, groups=3),
            TifuKnn(between=0.1, own=0.8, groups=3),
        ),
        "item-knn-cosine": lambda: (ItemKnn("cosine"), ItemKnn("cosine", neighbours=100)),
        "item-knn-bm25": lambda: (ItemKnn("bm25"), ItemKnn("bm25", neighbours=100)),
        "item-knn-tf-idf": lambda: (ItemKnn("tf-idf"), ItemKnn("tf-idf", neighbours=100)),
        "item-knn-tf-idf-baskets": lambda: (ItemKnn("tf-idf", of="baskets"),),
        "rp3beta": lambda: (RP3Beta(), RP3Beta(beta=0.6), RP3Beta(counts=False)),
        "ease": lambda: (Ease(), Ease(ridge=2000.0), Ease(ridge=50.0, counts=True)),
        "als": lambda: (Als(), Als(alpha=10.0)),
        "bpr": lambda: (Bpr(factors=32, learning_rate=0.02, regularisation=0.01, iterations=20),),
        "complements": lambda: (Complements(), Complements(baskets=5)),
        "replenishment-due": lambda: (ReplenishmentDue(),),
        "repeat-ranker": lambda: (RepeatRanker(),),
        "fusion": lambda: (Fusion(sources=(UpCf(),)),),
        "discovery": lambda: (Discovery(sources=(UpCf(), Als())),),
        "weighted": lambda: (Weighted((PersonalFrequency(), UpCf(), ItemKnn())),),
        "stacking": lambda: (Stacking((PersonalFrequency(), UpCf(), ItemKnn())),),
    }
)
#: What is judged where nobody chooses: the baselines, the best of every kind that fits in seconds, and the two rankers
#: that are best where goods are bought again, which take a minute or two.
USUAL = (
    "popularity",
    "gp-topfreq",
    "personal-frequency",
    "up-cf",
    "tifu-knn",
    "item-knn-tf-idf",
    "rp3beta",
    "ease",
    "als",
    "repeat-ranker",
    "fusion",
)
