"""Heavy work in a process of its own: its gigabytes are given back when it ends, and the worker stays small.

The process knows no database: what it needs stands in its order.  It dies with the process that started it, and is gone
in any case when the caller goes on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

#: How often the parent looks, so that a cancelled job stops soon.
LOOK_SECONDS = 0.5
#: Who has said everything tidies up and ends; afterwards it is ended.
PATIENCE_SECONDS = 10
KILLED = -9

#: Told (steps done, steps in all, name of the step).  May raise to stop the process.
Tell = Callable[[int, int, str], None]
Asked = TypeVar("Asked")


class ProcessFailed(RuntimeError):
    """The process ended without a result; the text says how."""


@dataclass(frozen=True)
class Refusal:
    """An exception that the work is expected to raise: ``told`` makes plain data of it, ``raised`` an exception again.
    Functions of a module, since sentences that know languages cannot travel."""

    kind: type[Exception]
    told: Callable[[Any], object]
    raised: Callable[[Any], Exception]


@dataclass(frozen=True)
class Apart(Generic[Asked]):
    """``work`` in a process called ``name``: a function of a module, called with an order and ``tell``, that gives
    plain data.  ``refusal``: what it may raise and the caller gets.  ``first``: the step that is told
    until the process tells one."""

    name: str
    work: Callable[..., dict[str, Any]]
    refusal: Refusal
    first: str = ""

    def __call__(self, order: Asked, /, *, tell: Tell) -> dict[str, Any]:
        """What the work gives.  Raises its refusal, ``ProcessFailed``, and whatever ``tell`` raises to stop it."""
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_child, args=(self.work, self.refusal, order, theirs), name=self.name
        )
        process.start()
        theirs.close()
        try:
            found = self._heard(ours, tell=tell)
            process.join(PATIENCE_SECONDS)
        except EOFError as gone:
            process.join()
            raise ProcessFailed(_death(process.exitcode)) from gone
        else:
            return found
        finally:
            process.kill()
            process.join()
            ours.close()

    def _heard(self, pipe: Connection, *, tell: Tell) -> dict[str, Any]:
        said = (0, 1, self.first)
        while True:
            if not pipe.poll(LOOK_SECONDS):
                tell(*said)
                continue
            kind, content = pipe.recv()
            if kind == "step":
                said = content
                tell(*said)
            elif kind == "refused":
                raise self.refusal.raised(content)
            elif kind == "failed":
                raise ProcessFailed(content)
            else:
                found: dict[str, Any] = content
                return found


def _death(code: int | None) -> str:
    if code == KILLED:
        return "The process that did the work was killed; it may have lacked memory."
    return f"The process that did the work ended with code {code}."


def _child(work: Callable[..., dict[str, Any]], refusal: Refusal, order: object, pipe: Connection) -> None:
    """The process's life."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pipe.send(("done", work(order, tell=lambda *said: pipe.send(("step", said)))))
    except refusal.kind as refused:
        pipe.send(("refused", refusal.told(refused)))
    except MemoryError:
        pipe.send(("failed", "The process that did the work lacked memory."))
    except Exception as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}"[:300]))
        raise


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
