"""Evaluating in a process of its own: its gigabytes are given back when it ends, and the worker stays small.

The process knows no database and reads the lake only.  It dies with the process that started it.
"""

from __future__ import annotations

import os
import threading
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from shuke.apps.recommendations.operations.evaluating import Tell
from shuke.apps.recommendations.operations.own_history import NotJudged, Question, judged_history
from shuke.science.reading import Reading

#: How often the parent looks, so that a cancelled job stops soon.
LOOK_SECONDS = 0.5
#: Who has said everything tidies up and ends; afterwards it is ended.
PATIENCE_SECONDS = 10


class EvaluationFailed(RuntimeError):
    """The process ended without figures; the text says how."""


def judged_apart(question: Question, *, tell: Tell) -> dict[str, Any]:
    """``judged_history`` in a child process, which is gone in any case.

    Raises ``NotJudged`` and ``EvaluationFailed``, and whatever ``tell`` raises to stop it.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(question, theirs), name="evaluation")
    process.start()
    theirs.close()
    try:
        found = _heard(ours, tell=tell)
        process.join(PATIENCE_SECONDS)
        return found
    except EOFError as gone:
        process.join()
        lacked = "; it may have lacked memory" if process.exitcode == -9 else ""
        raise EvaluationFailed(f"The process ended with code {process.exitcode}{lacked}.") from gone
    finally:
        process.kill()
        process.join()
        ours.close()


def _heard(pipe: Connection, *, tell: Tell) -> dict[str, Any]:
    said = (0, 1, "history")
    while True:
        if not pipe.poll(LOOK_SECONDS):
            tell(*said)
            continue
        kind, content = pipe.recv()
        if kind == "step":
            said = content
            tell(*said)
        elif kind == "not judged":
            raise NotJudged(Reading(*content))
        elif kind == "failed":
            raise EvaluationFailed(content)
        else:
            found: dict[str, Any] = content
            return found


def _child(question: Question, pipe: Connection) -> None:
    """The process's life."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pipe.send(("done", judged_history(question, tell=lambda *said: pipe.send(("step", said)))))
    except NotJudged as missing:
        pipe.send(("not judged", (missing.reading.sentence, dict(missing.reading.values))))
    except MemoryError:
        pipe.send(("failed", "The process lacked memory."))
    except Exception as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}"[:300]))
        raise


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
