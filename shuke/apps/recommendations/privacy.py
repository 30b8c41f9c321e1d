"""What recommendations hold of a person outside the database: rows in the files of bundles, answers on their way.

Lists that were answered are facts of the lake, which is exported and erased by compliance.
"""

from datetime import datetime
from typing import Any

from shuke.apps.recommendations.operations.bundle_keeping import blank_members
from shuke.apps.recommendations.operations.forgetting import forget_in_lists
from shuke.apps.recommendations.queries.bundles import member_items
from shuke.platform.privacy import Trace, register_exporter, register_sweeper


@register_exporter("recommendations")
def export(member_id: str) -> dict[str, Any]:
    """What would be recommended now, by strategy."""
    return member_items(member_id)


@register_sweeper("recommendations")
def sweep(traces: tuple[Trace, ...], _at: datetime) -> int:
    """Empty the rows of these people, and of who was merged into them, in every bundle that is kept, and take their
    answers out of the spools."""
    keys = {key for trace in traces for key in trace.person_keys if key.startswith("mem_")}
    return blank_members({*keys, *(trace.member_id for trace in traces)}) + forget_in_lists(traces)
