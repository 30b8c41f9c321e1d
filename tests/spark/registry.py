"""Which functions of the science make expressions, and which of them the cases call."""

from __future__ import annotations

import cProfile
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ibis.expr import types as ir

import shuke.science
from tests.spark.cases import Case, World

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


def called_by(cases: Mapping[str, Case], world: World) -> dict[str, set[Any]]:
    """The code that each case calls while it builds its expressions; what several start from is the first one's."""
    called: dict[str, set[Any]] = {}
    for name, case in cases.items():
        # It notes calls in C; a function of ours that is told of each one takes longer than the calls.
        profile = cProfile.Profile(builtins=False, subcalls=False)
        profile.runcall(_drain, case, world)
        called[name] = {entry.code for entry in profile.getstats()}
    return called


def missing_from(called: Iterable[set[Any]]) -> list[str]:
    """The functions that no case has called."""
    codes: set[Any] = set().union(*called)
    return sorted(
        name for name, code in expression_functions().items() if code not in codes and name not in FITTED
    )


def _drain(case: Callable[[World], Any], world: World) -> None:
    result = case(world)
    if isinstance(result, Iterable) and not isinstance(result, ir.Expr):
        for _ in result:
            pass
