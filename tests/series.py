"""How long a series of kills or races is: short enough for every change by default, long before a release.

``SHUKE_KILLS=long`` repeats them as often as the documentation claims (``make test-long``).  What is looked for
is the same in both; the short series only has fewer chances to meet a rare moment.
"""

import os

IS_LONG = os.environ.get("SHUKE_KILLS") == "long"


def series(usual: int, *, long: int) -> int:
    """How often: the usual number, or the long one where it was asked for."""
    return long if IS_LONG else usual
