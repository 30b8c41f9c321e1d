"""Words of the comparison: strategies that are only compared, what each does, metrics, protocols, tasks."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from shuke.apps.insights.schemas import ReadingView
from shuke.apps.recommendations.schemas.comparison import FigureView, NewProductsView
from shuke.web.labels import label_of, register_labels

#: What a strategy does, in a line; its name stands in ``slot_words``, or below where no slot serves it.
DOES: dict[str, str | Promise] = {
    "popularity": _("The best sellers of the last four weeks, the same for everybody."),
    "gp-topfreq": _(
        "What the member bought most often, then best sellers. The simple rule that others must beat."
    ),
    "personal-top": _("What the member bought most often, and nothing else."),
    "personal-frequency": _("What the member bought often and lately, then best sellers."),
    "replenishment-due": _("What the member's own rhythm says is used up about now."),
    "up-cf": _("What members with a similar taste bought lately."),
    "tifu-knn": _("Own habits, newer ones more, blended with those of similar members."),
    "item-knn-cosine": _("Products whose buyers are those of what the member buys, by cosine."),
    "item-knn-bm25": _("Products whose buyers are those of what the member buys, by BM25."),
    "item-knn-tf-idf": _(
        "Products whose buyers are those of what the member buys; what everybody buys says less."
    ),
    "item-knn-tf-idf-baskets": _("Products that lie in the same baskets as what the member buys."),
    "rp3beta": _("Walks from the member's products to their buyers and on to what those buy."),
    "ease": _("Learns for each product which others point to it."),
    "als": _("Describes members and products by a few hidden tastes."),
    "bpr": _("Hidden tastes, learned from which product was preferred to which."),
    "complements": _("What goes with the member's last basket."),
    "repeat-ranker": _("Learns from past baskets which of the own products come next."),
    "fusion": _("Weighs all signals, and ranks own and new products together."),
    "discovery": _("Ranks only products that the member has never bought."),
    "weighted": _("A weighted mean of three other strategies."),
    "stacking": _("Learns how far to trust three other strategies."),
}

METRICS: dict[str, tuple[str | Promise, str | Promise]] = {
    "ndcg": (
        pgettext_lazy("metric", "Right products on top (nDCG)"),
        _("1 would be: every list begins with what was then bought. A product further down counts less."),
    ),
    "recall": (
        pgettext_lazy("metric", "Part found (recall)"),
        _("Of what a member then bought, this part stood on the list of ten."),
    ),
    "hit_rate": (
        pgettext_lazy("metric", "Members reached (hit rate)"),
        _("Part of the members who then bought at least one product of the list of ten."),
    ),
    "map": (
        pgettext_lazy("metric", "Order (MAP)"),
        _("Mean average precision: like nDCG, but stricter about the first places."),
    ),
    "repeat_recall": (
        pgettext_lazy("metric", "What they buy again"),
        _(
            "Of the products that the member had bought before and bought again, this part stood on the list of ten."
        ),
    ),
    "new_ndcg": (
        pgettext_lazy("metric", "What they discover"),
        _(
            "nDCG of lists that hold only products the member had never bought, against what was new in the end."
        ),
    ),
}

CATALOGUE: dict[str, tuple[str | Promise, str | Promise]] = {
    "coverage": (
        pgettext_lazy("metric", "Range shown"),
        _("Part of the products that stand on at least one list."),
    ),
    "gini": (
        pgettext_lazy("metric", "Concentration (Gini)"),
        _("0: every product is shown equally often; 1: one product takes all places."),
    ),
    "novelty": (
        pgettext_lazy("metric", "Rarity (bits)"),
        _("How seldom bought the shown products are: one more means half as many buyers."),
    ),
    "diversity": (
        pgettext_lazy("metric", "Variety of a list"),
        _("0: a list of things bought by the same members; 1: things with nothing in common."),
    ),
    "calibration": (
        pgettext_lazy("metric", "Distance to own habits"),
        _("How far a list departs from the member's mix of best sellers and rare goods; 0 is the same mix."),
    ),
}


def register() -> None:
    """Names of strategies without a slot, of levels, protocols, groups and tasks, and the audit's words."""
    register_labels(
        "strategy",
        {
            "gp-topfreq": (pgettext_lazy("strategy", "Most bought by the member, then popular"), "grey"),
            "personal-top": (pgettext_lazy("strategy", "Most bought by the member"), "grey"),
            "tifu-knn": (pgettext_lazy("strategy", "Habits of similar members (TIFU-KNN)"), "blue"),
            "item-knn-cosine": (
                pgettext_lazy("strategy", "Bought by those who buy the same (cosine)"),
                "blue",
            ),
            "item-knn-bm25": (pgettext_lazy("strategy", "Bought by those who buy the same (BM25)"), "blue"),
            "item-knn-tf-idf-baskets": (pgettext_lazy("strategy", "From the same baskets"), "blue"),
            "rp3beta": (pgettext_lazy("strategy", "Walks over members and products (RP3beta)"), "blue"),
            "bpr": (pgettext_lazy("strategy", "Hidden tastes (BPR)"), "blue"),
            "weighted": (pgettext_lazy("strategy", "Weighted mix"), "purple"),
            "stacking": (pgettext_lazy("strategy", "Learned mix"), "purple"),
        },
    )
    register_labels(
        "evaluation_level",
        {
            "product": (pgettext_lazy("evaluation", "Products"), "grey"),
            "kind": (pgettext_lazy("evaluation", "Kinds of product"), "grey"),
        },
    )
    register_labels(
        "evaluation_protocol",
        {
            "last": (pgettext_lazy("evaluation", "Next basket"), "grey"),
            "month": (pgettext_lazy("evaluation", "Next four weeks"), "grey"),
        },
    )
    register_labels(
        "evaluation_group",
        {
            "few": (pgettext_lazy("evaluation", "Few purchases"), "grey"),
            "some": (pgettext_lazy("evaluation", "Some purchases"), "grey"),
            "many": (pgettext_lazy("evaluation", "Many purchases"), "grey"),
        },
    )
    register_labels(
        "evaluation_step",
        {
            "history": (pgettext_lazy("evaluation", "Reading purchases"), "grey"),
            "intervals": (pgettext_lazy("evaluation", "Telling differences from chance"), "grey"),
        },
    )
    register_labels(
        "audit_noun", {"evaluation": (pgettext_lazy("recommendations", "Comparison of strategies"), "grey")}
    )
    here = "shuke.apps.recommendations.tasks.evaluations"
    register_labels(
        "task",
        {
            f"{here}.evaluate_history": (_("Compare strategies on the past"), "grey"),
            f"{here}.queue_monthly_evaluations": (_("Queue the month's comparisons"), "grey"),
        },
    )


def said(reading: ReadingView) -> str:
    """A verdict in the reader's language, strategies by their names for people."""
    return gettext(reading.sentence).format(**{name: _shown(value) for name, value in reading.values.items()})


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return pgettext("list of names", ", ").join(str(_shown(one)) for one in value)
    return label_of("strategy", value) if isinstance(value, str) else value


def new_product_rows(
    told: NewProductsView | None,
) -> list[tuple[str, FigureView, FigureView, FigureView | None]]:
    """Way in words, recall, hit rate and the difference from likeness of each; none where nobody could be asked."""
    if told is None:
        return []
    words = {
        "new-products": _("By the kinds and brands that the member buys"),
        "content": _("By likeness to what the member buys"),
        "by-lot": _("By lot"),
    }
    return [
        (str(words.get(name, name)), figure, told.hit[name], told.difference.get(name))
        for name, figure in told.recall.items()
    ]
