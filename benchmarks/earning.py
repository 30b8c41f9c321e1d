"""How long a year of 2,469 households takes to earn points and growth value, and to be placed in tiers.

Run ``SHUKE_HOME=… python benchmarks/earning.py`` with a copy of a home that was filled by ``shuke demo`` and
has no programme yet: it sets the demonstration's programme up there and replays the year (1.47 M order
lines) as ``shuke demo`` does, then once more, which posts nothing.
"""

import os
import time
from collections.abc import Callable
from typing import TypeVar

import django

Result = TypeVar("Result")
TIME_ZONE = "America/New_York"


def main() -> None:
    """Print seconds and CPU seconds of each step."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
    django.setup()
    from shuke.apps.loyalty.operations.replaying import replay_history
    from shuke.apps.loyalty.operations.tiers import place_members
    from shuke.demo.programme import make_programme
    from shuke.platform.clock import business_date, now

    at = now()
    today = business_date(at, TIME_ZONE)
    timed("set up", lambda: make_programme(at=at, today=today, time_zone=TIME_ZONE))
    earned = timed("replay", lambda: replay_history(at=at))
    timed("tiers", lambda: place_members(at=at, today=today))
    again = timed("replay again", lambda: replay_history(at=now()))
    print(
        f"{earned.orders:,} orders, {earned.events:,} birthdays of {earned.members:,} members: {earned.points}"
    )
    print(f"again: {again.orders} orders, {again.events} birthdays, {again.corrections} corrections")


def timed(name: str, step: Callable[[], Result]) -> Result:
    """Run a step and print how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = step()
    print(f"{name}: {time.perf_counter() - wall:.1f} s ({time.process_time() - cpu:.1f} CPU-s)", flush=True)
    return result


if __name__ == "__main__":
    main()
