"""Conditions of the members that a page shows, for ``insights/save_audience.html``.

Audiences stand above insights: a page hands the tree over as JSON, and the builder there judges it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def in_layers(scheme: str, *layers: str) -> str:
    """The members who are in one of the layers of the scheme on its newest day."""
    return tree({"type": "layer", "scheme": scheme, "layers": list(layers), "did": True})


def moved_layers(scheme: str, *, from_layers: Sequence[str], to_layers: Sequence[str], days: int) -> str:
    """The members who were in one of ``from_layers`` so many days ago and are in one of ``to_layers`` now."""
    return tree(
        {
            "type": "moved",
            "scheme": scheme,
            "from_layers": list(from_layers),
            "to_layers": list(to_layers),
            "days": days,
        }
    )


def tree(*conditions: dict[str, Any]) -> str:
    """The members for whom all the conditions hold."""
    return json.dumps({"type": "all", "children": list(conditions)}, ensure_ascii=False)
