"""Why an item is recommended, in words that the member could check."""

from collections.abc import Callable

import numpy as np

from shuke.apps.recommendations.queries.serving.finding import Question
from shuke.science.reading import Reading
from shuke.science.recommendations.explanations import Grounds, explanation

#: Baskets with a kind from which a member buys it "often".
OFTEN = 3
PINNED = "pinned"
#: ``gettext`` of the language that the reasons are wanted in.
Translate = Callable[[str], str]


class Reasons:
    """Reasons for one member (or stranger) and one question, as of a day (days since 1970)."""

    def __init__(self, question: Question, *, today: int, translate: Translate) -> None:
        self.question, self.today, self.translate = question, today, translate
        bundle = question.bundle
        if question.member >= 0:
            rows = slice(
                int(bundle.purchases.rows[question.member]), int(bundle.purchases.rows[question.member + 1])
            )
        else:
            rows = slice(0, 0)
        self.rows = rows
        self.own = bundle.purchases.item[rows]

    def purchase(self, item: int) -> int:
        """Row of the member's purchases of an item, -1 if there is none."""
        place = int(np.searchsorted(self.own, item))
        return self.rows.start + place if place < len(self.own) and self.own[place] == item else -1

    def reason(self, item: int, *, source: str, moved: tuple[str, ...]) -> str:
        """The sentence in the wanted language."""
        found = self._reading(item, source=source, moved=moved)
        return self.translate(found.sentence).format(**found.values)

    def _reading(self, item: int, *, source: str, moved: tuple[str, ...]) -> Reading:
        row = self.purchase(item)
        if row >= 0:
            return explanation(self._of_own(row))
        if PINNED in moved:
            return Reading("Chosen for you by the shop.")
        near = self._nearest(item, source)
        if near is not None:
            return near
        kind, count = self._kind(item)
        return explanation(Grounds(source=source, kind=kind, kind_count=count))

    def _of_own(self, row: int) -> Grounds:
        bought = self.question.bundle.purchases
        gap, spread = float(bought.gap[row]), float(bought.spread[row])
        return Grounds(
            count=int(bought.count[row]),
            days_since=float(max(self.today - int(bought.last_day[row]), 0)),
            gap=gap if np.isfinite(gap) else None,
            spread=spread if np.isfinite(spread) else None,
        )

    def _nearest(self, item: int, source: str) -> Reading | None:
        """What in the basket or looked at brought a neighbour."""
        bundle, basket = self.question.bundle, self.question.basket
        lists = bundle.neighbours.get(source) or (
            bundle.neighbours.get("complements") if len(basket) else None
        )
        if lists is None or not len(basket):
            return None
        rows = lists.items[basket] == item
        if not rows.any():
            return None
        score = np.where(rows, lists.scores[basket], -np.inf).max(axis=1)
        name = str(bundle.goods.names[basket[int(np.argmax(score))]])
        if source == "similar":
            return Reading("Like {product}.", {"product": name})
        return Reading("Often bought together with {product}.", {"product": name})

    def _kind(self, item: int) -> tuple[str | None, int]:
        goods = self.question.bundle.goods
        kind = int(goods.kind[item])
        if kind < 0 or not len(self.own):
            return None, 0
        count = int(self.question.bundle.purchases.count[self.rows][goods.kind[self.own] == kind].sum())
        return (str(goods.kind_names[kind]), count) if count >= OFTEN else (None, 0)
