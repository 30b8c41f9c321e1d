"""From ids to numbers of a bundle."""

from collections.abc import Sequence

import numpy as np


def numbers(ids: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
    """int64 place of each wanted id among rising ``ids``, -1 for one that is not there.

    An id longer than any of them is not cut to their width (it would name another), and does not make numpy widen all
    of them for one question.
    """
    width = ids.dtype.itemsize // 4 if ids.dtype.kind == "U" else None
    fitting = [text if width is None or len(text) <= width else "" for text in wanted]
    asked = np.array(fitting, dtype=ids.dtype)
    if not len(ids):
        return np.full(len(asked), -1, dtype=np.int64)
    places = np.minimum(ids.searchsorted(asked), len(ids) - 1)
    known = (ids[places] == asked) & np.array([bool(text) for text in fitting], dtype=bool)
    return np.where(known, places, -1)
