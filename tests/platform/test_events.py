from dataclasses import dataclass

import pytest

from shuke.platform.events import emit, subscribe


@dataclass(frozen=True)
class Happened:
    what: str


def test_subscribers_hear_in_order_and_once():
    heard = []

    def first(event):
        heard.append(("first", event.what))

    def second(event):
        heard.append(("second", event.what))

    for handler in (first, second, first):
        subscribe(Happened)(handler)
    emit(Happened("it"))
    assert heard == [("first", "it"), ("second", "it")]


def test_a_failing_subscriber_fails_the_operation():
    @dataclass(frozen=True)
    class Broken:
        pass

    @subscribe(Broken)
    def refuse(event):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        emit(Broken())
