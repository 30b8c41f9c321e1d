"""How long a series of kills, races or examples is: short enough for every change, long before a release.

``SHUKE_KILLS=long`` repeats kills and races as often as the documentation claims, ``SHUKE_HYPOTHESIS=thorough``
tries many more examples (``make test-long`` does both).  What is looked for is the same; the short series only has
fewer chances to meet a rare moment.
"""

import os

IS_LONG = os.environ.get("SHUKE_KILLS") == "long"
IS_THOROUGH = os.environ.get("SHUKE_HYPOTHESIS") == "thorough"


def series(usual: int, *, long: int) -> int:
    """How often: the usual number, or the long one where it was asked for."""
    return long if IS_LONG else usual


def examples(usual: int, *, thorough: int = 300) -> int:
    """How many examples of a property whose examples are dear: each asks an engine."""
    return thorough if IS_THOROUGH else usual
