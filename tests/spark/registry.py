"""Which functions of the science make expressions, and which of them the cases call."""

from __future__ import annotations

import cProfile
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Any

import shuke.science

#: They take expressions only to fit a model to what these give, which a search does not repeat to nine digits.
FITTED = {
    "shuke.science.churn.alive.alive": "purchase_histories",
    "shuke.science.churn.risks.risks": "features, outcomes and silence",
    "shuke.science.lifetime.valuing.valued": "purchase_histories",
}
#: Worlds that are made up, for tests and benchmarks.
NOT_SCIENCE = ("shuke.science.simulation",)


def expression_functions() -> dict[str, Any]:
    """Public functions of ``shuke.science`` with an Ibis type among their arguments or as their result, by code."""
    found = {}
    for module in pkgutil.walk_packages(shuke.science.__path__, "shuke.science."):
        if module.name.startswith(NOT_SCIENCE):
            continue
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isfunction)
        for name, function in members:
            kinds = " ".join(map(str, function.__annotations__.values()))
            if function.__module__ == module.name and not name.startswith("_") and "ir." in kinds:
                found[f"{module.name}.{name}"] = function.__code__
    return found


def noted(parts: Iterator[Any], profile: cProfile.Profile) -> Iterator[Any]:
    """The same parts; the code that is called to build each is noted, in C, and what is done between them is not."""
    while True:
        profile.enable()
        try:
            part = next(parts)
        except StopIteration:
            return
        finally:
            profile.disable()
        yield part


def code_in(profile: cProfile.Profile) -> set[Any]:
    """All that was called while it noted."""
    return {entry.code for entry in profile.getstats()}


def missing_from(called: Iterable[set[Any]]) -> list[str]:
    """The functions that no case has called."""
    codes: set[Any] = set().union(*called)
    return sorted(
        name for name, code in expression_functions().items() if code not in codes and name not in FITTED
    )
