"""How long the page of a member takes on the demonstration, through the whole of Django.

Run ``make demo`` once (or ``shuke migrate``, ``shuke demo``), then ``python benchmarks/member_page.py``; the
home is taken from ``SHUKE_HOME``.  Asks for the pages of many members in one warm process, as the console's
threads do, and prints milliseconds: the first screen (the page with all its cards), the timeline that follows
in a request of its own, both together, and the list.  ``wall`` is what a person waits apart from the network,
``cpu`` what the process computed, which other programs on the machine disturb less.
"""

import argparse
import logging
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")


def percentile(values: list[float], share: float) -> float:
    """The value below which that share lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU milliseconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def told(name: str, pairs: list[tuple[float, float]]) -> None:
    """One line of figures."""
    walls, cpus = [wall for wall, _cpu in pairs], [cpu for _wall, cpu in pairs]
    print(
        f"{name:<24} wall p50 {statistics.median(walls):6.0f}  p95 {percentile(walls, 0.95):6.0f}  "
        f"cpu p50 {statistics.median(cpus):6.0f}  p95 {percentile(cpus, 0.95):6.0f}  (ms, {len(pairs)} requests)"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=60, help="how many members to look at")
    wanted = parser.parse_args()
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.test import Client

    from shuke.apps.members.queries.directory import Wanted, directory
    from shuke.platform.accounts.models import User

    rows, total = directory(wanted=Wanted(), limit=wanted.members, offset=0)
    operator = User.objects.filter(role="administrator", is_active=True).first()
    if not rows or operator is None:
        raise SystemExit(
            "There is nobody to look at or nobody to look: run 'make demo' with this SHUKE_HOME first."
        )
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(operator)

    def get(path: str) -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}.")

    for row in rows[:5]:  # The first requests load libraries and templates.
        get(f"/members/{row.id}/")
        get(f"/members/{row.id}/timeline/")
    pages = [timed(lambda row=row: get(f"/members/{row.id}/")) for row in rows]  # type: ignore[misc]
    lines = [timed(lambda row=row: get(f"/members/{row.id}/timeline/")) for row in rows]  # type: ignore[misc]
    lists = [timed(lambda n=n: get(f"/members/?page={n}")) for n in range(1, 11)]  # type: ignore[misc]
    print(f"{total} members; the {len(rows)} who spent most, each once")
    told("first screen", pages)
    told("timeline, first part", lines)
    told("both", [(a + c, b + d) for (a, b), (c, d) in zip(pages, lines, strict=True)])
    told("list of 50", lists)


if __name__ == "__main__":
    main()
