"""Events tell higher apps what happened below: calls go down the hill, events go up.

An event is a frozen dataclass named with a past participle.  Subscribers run at once, in the
transaction of the operation that emitted, so either everything happened or nothing did.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")
_subscribers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[Event]) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Decorator: call the function with every event of that type.  Subscribing twice is once."""

    def register(handler: Callable[[Event], None]) -> Callable[[Event], None]:
        if handler not in _subscribers[event_type]:
            _subscribers[event_type].append(handler)
        return handler

    return register


def emit(event: object) -> None:
    """Run the subscribers of the event's type in the order of their registration."""
    for handler in _subscribers[type(event)]:
        handler(event)
