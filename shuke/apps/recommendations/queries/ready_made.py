"""Slots to begin with: the usual places where recommendations stand."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shuke.apps.recommendations.schemas import ArmInput, SlotInput, SlotRules


@dataclass(frozen=True)
class ReadyMade:
    """A set-up to begin with, and where it usually stands.  ``icon``: of the console."""

    slot: SlotInput
    where: str
    icon: str


def ready_made() -> list[ReadyMade]:
    """All of them, named in the active language."""
    return [
        ReadyMade(
            _slot(
                "for-you",
                pgettext("slot", "For you"),
                "repeat-ranker",
                places=10,
                fallbacks=["popular-bandit", "popularity"],
            ),
            _(
                "App and website: what a member will buy again, kinds kept apart; on strangers, popular products are "
                "tried out."
            ),
            "sparkles",
        ),
        ReadyMade(
            _slot("basket", pgettext("slot", "You may also need"), "complements", about="basket", places=4),
            _("At the till or in the cart: what is bought together with what lies in the basket."),
            "shopping-cart",
        ),
        ReadyMade(
            _slot("similar", pgettext("slot", "Similar products"), "similar", about="product", places=8),
            _("On the page of a product: others that could replace it."),
            "switch-horizontal",
        ),
        ReadyMade(
            _slot(
                "bring-back",
                pgettext("slot", "Running low?"),
                "replenishment-due",
                places=6,
                fallbacks=["personal-frequency", "popularity"],
                rules=SlotRules(rest_percent=70),
            ),
            _("In a mail: what a member usually buys about now again."),
            "rotate-clockwise",
        ),
        ReadyMade(
            _slot(
                "discover",
                pgettext("slot", "New for you"),
                "discovery",
                places=8,
                fallbacks=["up-cf", "popularity"],
                rules=SlotRules(new_places=8, explore_percent=10, cap=1),
            ),
            _(
                "In the app: only what a member never bought, one place by chance so that new products get seen."
            ),
            "gift",
        ),
    ]


def _slot(
    code: str,
    name: str,
    strategy: str,
    *,
    places: int,
    about: str = "member",
    fallbacks: list[str] | None = None,
    rules: SlotRules | None = None,
) -> SlotInput:
    return SlotInput.model_validate(
        {
            "code": code,
            "name": name,
            "about": about,
            "places": places,
            "arms": [ArmInput(name=strategy, strategy=strategy)],
            "fallbacks": fallbacks or ["popularity"],
            "rules": rules or SlotRules(),
        }
    )
