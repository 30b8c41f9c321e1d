"""Taking people out of what recommendations keep outside the database."""

from collections.abc import Sequence

from shuke.apps.recommendations.operations.loading import TABLE
from shuke.apps.recommendations.queries.list_spools import SOURCE, device_key, spools
from shuke.platform.privacy import Trace
from shuke.platform.warehouse import lake
from shuke.sources.collector.erasing import Wanted, erase_from_segment

WAIT_SECONDS = 120.0


def forget_in_lists(traces: Sequence[Trace]) -> int:
    """Remove answers to these people from every spool, loaded or not, and those to their devices from the lake.

    What the lake holds under their person keys goes with all else there.  Returns how many places changed; safe to
    repeat and to kill.  Raises ``SpoolBusy`` if a writer or the loader does not answer.
    """
    members = {trace.member_id for trace in traces}
    members |= {key for trace in traces for key in trace.person_keys if key.startswith("mem_")}
    devices = {device_key(value) for trace in traces for value in trace.values("anonymous")}
    wanted = Wanted((), {SOURCE: frozenset(members | devices)})
    changed = 0
    for held in spools():
        with held.lock("loader", wait_seconds=WAIT_SECONDS):
            held.roll(wait_seconds=WAIT_SECONDS)
            changed += sum(
                erase_from_segment(held.path(number), wanted) for number in held.complete_segments()
            )
    if devices:
        changed += lake().delete_mentions(TABLE, columns=("anonymous_id",), words=devices)
    return changed
