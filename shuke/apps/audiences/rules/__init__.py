"""Decisions about audiences: the condition tree, what it means, and how it becomes one query."""

from shuke.apps.audiences.rules.checking import Known, check
from shuke.apps.audiences.rules.compiling import compile_conditions
from shuke.apps.audiences.rules.conditions import EVERYONE, Condition
from shuke.apps.audiences.rules.facts import TABLE_NAMES, AudienceFacts
from shuke.apps.audiences.rules.parsing import Fault, FaultyConditionsError, as_data, parsed
from shuke.apps.audiences.rules.references import referenced, without_member

__all__ = [
    "EVERYONE",
    "TABLE_NAMES",
    "AudienceFacts",
    "Condition",
    "Fault",
    "FaultyConditionsError",
    "Known",
    "as_data",
    "check",
    "compile_conditions",
    "parsed",
    "referenced",
    "without_member",
]
