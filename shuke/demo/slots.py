"""The demonstration's slots: the ready-made ones, live, with the rules of a supermarket in the United States."""

from datetime import datetime
from typing import Any

from shuke.apps.recommendations.operations.slots import create_slot, go_live
from shuke.apps.recommendations.queries.ready_made import ready_made
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.permissions import SYSTEM

#: Alcohol and tobacco from 21 on.
MINIMUM_AGES = dict.fromkeys(
    (
        "SPIRITS",
        "LIQUOR",
        "BEERS/ALES",
        "DOMESTIC WINE",
        "IMPORTED WINE",
        "MISC WINE",
        "CIGARETTES",
        "CIGARS",
        "TOBACCO OTHER",
    ),
    21,
)
#: What nobody wants to be shown on a screen that others see.
PRIVATE = ["ADULT INCONTINENCE", "FAMILY PLANNING", "FEMININE HYGIENE", "LAXATIVES", "HEMORRHOIDAL"]
FRESH: dict[str, Any] = {"name": "Fresh produce", "percent": 115, "kinds": ["PRODUCE"]}
#: What each slot has beyond the rules of the house.
OWN: dict[str, dict[str, Any]] = {
    "for-you": {
        "arms": [
            {"name": "ranker", "strategy": "repeat-ranker"},
            {"name": "habits", "strategy": "personal-frequency"},
        ],
        "rules": {"boosts": [FRESH]},
    },
    "discover": {
        "arms": [{"name": "learning", "strategy": "thompson"}],
        "bandit": ["discovery", "up-cf", "item-knn-tf-idf"],
    },
}


def make_slots(*, at: datetime) -> None:
    """Set up what is not there yet and let it go live."""
    known = {view.code for view in slots()}
    for ready in ready_made():
        if ready.slot.code in known:
            continue
        create_slot(actor=SYSTEM, at=at, slot=_of_the_house(ready.slot))
        go_live(actor=SYSTEM, at=at, code=ready.slot.code)


def _of_the_house(slot: SlotInput) -> SlotInput:
    own = OWN.get(slot.code, {})
    rules = {"minimum_ages": MINIMUM_AGES, "barred_kinds": PRIVATE} | own.get("rules", {})
    set_up = slot.model_dump() | {name: value for name, value in own.items() if name != "rules"}
    return SlotInput.model_validate(set_up | {"rules": set_up["rules"] | rules})
