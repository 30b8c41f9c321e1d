"""What campaigns does for imports: it takes the history of campaigns in."""

from datetime import datetime
from typing import Any

import polars as pl

from shuke.apps.campaigns.operations.importing import import_history
from shuke.apps.connections.operations import register_lander
from shuke.apps.connections.schemas import Landed, Origin, RowIssue
from shuke.sources.files.fields import ANONYMOUS


def land_history(*, at: datetime, origin: Origin, rows: pl.DataFrame, tell: Any) -> Landed:
    """Campaigns and their exposures; rows that name nobody are reported, not taken."""
    nobody = rows.filter(pl.col("person_key") == ANONYMOUS)["row_no"].to_list()
    named = rows.filter(pl.col("person_key") != ANONYMOUS)
    counts = import_history(at=at, source=origin.account_name[:80], rows=named, tell=tell)
    issues = tuple(RowIssue(number, "external", "no_identifier", is_fatal=True) for number in nobody)
    return Landed(**counts, issues=issues, facts={"exposures": counts["created"]})


register_lander("campaign_history", land_history)
