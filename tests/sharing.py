"""How the workers of a run share its tests with ``--dist loadfile``: by modules, the longest first.

A module's fixtures are made once, and nobody waits in the end for what began last.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

#: Places that take long, the longest first.
FIRST = (
    "tests/test_api_schema.py",
    "tests/spark/",
    "tests/systems/",
    "tests/platform/",
    "tests/browser/test_frame.py",
    "tests/apps/channels/test_killing.py",
    "tests/config/",
    "tests/apps/loyalty/test_checkout_",
    "tests/apps/loyalty/test_races.py",
    "tests/apps/loyalty/test_machine.py",
    "tests/apps/connections/test_killed_",
    "tests/apps/audiences/test_",
    "tests/apps/campaigns/",
    "tests/apps/insights/",
    "tests/apps/recommendations/",
    "tests/web/",
)
#: Modules that share a shop, a house or a PostgreSQL, started for the session: one worker has them all.
TOGETHER = (
    # The only ones that start a PostgreSQL beside the one that is tested: ten CPU seconds with all migrations.
    ("tests/platform/", "tests/privacy/", "tests/apps/loyalty/test_checkout_live.py"),
    ("tests/systems/oscar/",),
    ("tests/systems/sdks/",),
    ("tests/systems/vendure/",),
)


class Shares(LoadScopeScheduling):
    """A module is one worker's; so are the places of a row of ``TOGETHER``."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        # Otherwise modules with many tests came first, which are not those that take long.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return next((places[0] for places in TOGETHER if path.startswith(places)), path)

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=_place), last=False)
        super()._assign_work_unit(node)


def _place(scope: str) -> int:
    return next((place for place, start in enumerate(FIRST) if scope.startswith(start)), len(FIRST))
