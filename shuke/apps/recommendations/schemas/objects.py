"""Bodies all of whose fields have defaults."""

from typing import Any

from ninja import Schema
from pydantic import ConfigDict, model_validator


class ObjectInput(Schema):
    """An object with known fields only: a list or a number would otherwise be read as one that says nothing."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _is_an_object(cls, value: Any) -> Any:
        if value is None or isinstance(value, list | str | int | float):
            raise ValueError("Send an object.")
        return value
