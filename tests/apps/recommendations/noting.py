"""A process that notes answers until it is killed; prints each ``list_id`` only once it was told that it is kept.

python -m tests.apps.recommendations.noting <threads>
"""

import os
import sys
import threading
from datetime import UTC, datetime

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


def note_on(thread: int) -> None:
    """Note one answer after the other."""
    from shuke.apps.recommendations.operations.listing import record_lists
    from shuke.apps.recommendations.schemas import Answer, Listed

    for number in range(1_000_000):
        list_id = f"lst_{os.getpid()}_{thread}_{number}"
        answer = Answer("home", list_id, "bdl", AT.date(), "only", "popularity", "", ())
        if record_lists([Listed(answer, "", "")], at=AT):
            sys.stdout.write(list_id + "\n")
            sys.stdout.flush()


def main() -> None:
    """As many threads as were asked for."""
    # No table is asked, so Django's applications need not be loaded.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
    import shuke.apps.recommendations.operations.listing  # noqa: F401 - threads must not import at a time

    for thread in range(int(sys.argv[1])):
        threading.Thread(target=note_on, args=(thread,)).start()


if __name__ == "__main__":
    main()
