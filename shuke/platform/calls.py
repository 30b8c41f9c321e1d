"""One call of somebody outside, carried out whole: it reads settings and published terms once, however many steps ask.

A till's call asks the same of the database in every step: whose account it is, the retailer's time zone, the terms of
the day.  Inside ``one_call`` a question that is marked ``read_once`` is asked once for the same arguments.  The
answers live as long as the call, so nothing is remembered that another process could change behind our back: the
call sees of such settings what a slower statement at its beginning would have seen.

What is scarce (balances, counters, states) is never marked.  What a call decides it reads after its locks, so a
call that locks begins its block when it has them.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")
_ANSWERS: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers_of_the_call", default=None)


@contextmanager
def one_call() -> Iterator[None]:
    """Within the block, ask questions that are marked ``read_once`` once.  A block inside another is part of it."""
    if _ANSWERS.get() is not None:
        yield
        return
    token = _ANSWERS.set({})
    try:
        yield
    finally:
        _ANSWERS.reset(token)


@contextmanager
def step() -> Iterator[None]:
    """A database transaction, or a part of that of the call which is going on; also a decorator.

    A refusal of one step ends the whole call and undoes everything: savepoints between would be for nothing.  A
    call that goes on after a refusal puts ``transaction.atomic`` around the step itself.
    """
    if _ANSWERS.get() is not None and connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        yield


def read_once(question: Callable[P, R]) -> Callable[P, R]:
    """A query that nothing in a call changes the answer of; nobody may change what it returns."""

    @wraps(question)
    def asked(*values: P.args, **named: P.kwargs) -> R:
        answers = _ANSWERS.get()
        if answers is None:
            return question(*values, **named)
        key = (question, values, tuple(sorted(named.items())))
        if key not in answers:
            answers[key] = question(*values, **named)
        answer: R = answers[key]
        return answer

    return asked
