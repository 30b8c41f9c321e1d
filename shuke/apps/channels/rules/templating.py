"""Message templates: a small, safe part of Jinja.

Templates are written by marketers and rendered for every recipient, so what may run long, grow
without bound or reach into Python is not in the language: fields with fallbacks, ``if``, ``for``
over given lists, arithmetic and the filters named below.  No calls, no assignments, no macros, no
includes.  https://jinja.palletsprojects.com/en/stable/sandbox/
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

SUBJECT_CHARS = 200
SOURCE_CHARS = 100_000
RENDERED_CHARS = 300_000
LOOP_STEPS = 10_000
RENDER_SECONDS = 0.5

FILTERS = frozenset(
    {
        "upper",
        "lower",
        "title",
        "capitalize",
        "trim",
        "default",
        "d",
        "escape",
        "e",
        "first",
        "last",
        "length",
    }
    | {"round", "int", "float", "abs", "truncate", "urlencode", "striptags", "string", "wordcount"}
)
_STATEMENTS = (nodes.Output, nodes.TemplateData, nodes.If, nodes.For)
_FORBIDDEN_EXPRESSIONS = (nodes.Call, nodes.Pow, nodes.Mod)
_ASKED = re.compile(r"'([^']+)' is undefined|has no (?:attribute|element) '([^']+)'")


class TemplateFault(Exception):
    """A template that cannot be used: ``code``, the line (1-based) and the field or construct it is about."""

    def __init__(self, code: str, *, line: int = 1, subject: str = "") -> None:
        super().__init__(f"{code} in line {line}: {subject}".rstrip(": "))
        self.code, self.line, self.subject = code, line, subject


@dataclass(frozen=True)
class Content:
    """The templates of a message in one language: any may be empty, html or text must not."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Rendered:
    """A message as its recipient reads it."""

    subject: str
    text: str
    html: str


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["*"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiplication of numbers only: a text times a million is a memory bomb."""
        if not all(isinstance(value, int | float) for value in (left, right)):
            raise TemplateFault("only_numbers_multiply")
        return super().call_binop(context, operator, left, right)


def _metered(items: Iterable[Any]) -> Iterator[Any]:
    """The items of a loop, within the limits of steps and time."""
    deadline = time.monotonic() + RENDER_SECONDS
    for step, item in enumerate(items):
        if step >= LOOP_STEPS or time.monotonic() > deadline:
            raise TemplateFault("too_long_a_loop")
        yield item


def _environment(*, autoescape: bool) -> _Environment:
    environment = _Environment(
        autoescape=autoescape, undefined=jinja2.StrictUndefined, keep_trailing_newline=True, cache_size=0
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters["metered"] = _metered
    return environment


_TEXT = _environment(autoescape=False)
_HTML = _environment(autoescape=True)


@lru_cache(maxsize=256)
def _compiled(source: str, *, autoescape: bool) -> jinja2.Template:
    """The template, checked.  Raises ``TemplateFault``."""
    if len(source) > SOURCE_CHARS:
        raise TemplateFault("template_too_long", subject=str(SOURCE_CHARS))
    environment = _HTML if autoescape else _TEXT
    try:
        tree = environment.parse(source)
        _check(tree)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "metered", [], [], None, None, lineno=loop.lineno)
        return environment.from_string(tree)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateFault("syntax", line=error.lineno, subject=error.message or "") from error
    except RecursionError as error:
        raise TemplateFault("too_deep") from error


def _check(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Stmt):
        if not isinstance(node, _STATEMENTS) or getattr(node, "recursive", False):
            raise TemplateFault("not_allowed", line=node.lineno, subject=type(node).__name__.lower())
    for expression in tree.find_all(_FORBIDDEN_EXPRESSIONS):
        raise TemplateFault("not_allowed", line=expression.lineno, subject=type(expression).__name__.lower())
    for used in tree.find_all(nodes.Filter):
        if used.name not in FILTERS:
            raise TemplateFault("unknown_filter", line=used.lineno, subject=used.name)


def asked_fields(content: Content, *, of: tuple[str, ...]) -> frozenset[str]:
    """The names below a field that the templates ask for, such as ``{"b"}`` of ``member.a.b`` and ``("member", "a")``.

    ``member.a["b"]`` is the same.  Names that are only known when rendering are not found, and templates that cannot
    be read ask for nothing.
    """
    found: set[str] = set()
    for source in (content.subject, content.text, content.html):
        if of[-1] not in source or len(source) > SOURCE_CHARS:
            continue
        try:
            tree = _TEXT.parse(source)
        except (jinja2.TemplateSyntaxError, RecursionError):
            continue
        for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
            *above, name = _path(node) or ("",)
            if tuple(above) == of:
                found.add(name)
    return frozenset(found)


def _name_below(node: nodes.Node) -> str:
    """``b`` of ``a.b`` and of ``a["b"]``; empty for anything else."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value if isinstance(node.arg.value, str) else ""
    return ""


def _path(node: nodes.Node) -> tuple[str, ...]:
    """``("a", "b")`` of ``a.b``; empty for what is no field of a field."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    name = _name_below(node)
    above = _path(node.node) if name and isinstance(node, nodes.Getattr | nodes.Getitem) else ()
    return (*above, name) if above else ()


def _line_of(traceback: TracebackType | None) -> int:
    """The template's line: Jinja rewrites its traceback so that frames of the template carry it."""
    line = 1
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _render(source: str, context: Mapping[str, Any], *, autoescape: bool) -> str:
    template = _compiled(source, autoescape=autoescape)
    pieces: list[str] = []
    size, deadline = 0, time.monotonic() + RENDER_SECONDS
    try:
        for piece in template.generate(context):
            pieces.append(piece)
            size += len(piece)
            if size > RENDERED_CHARS:
                raise TemplateFault("message_too_long", subject=str(RENDERED_CHARS))
            if time.monotonic() > deadline:
                raise TemplateFault("too_slow")
    except TemplateFault as fault:
        raise TemplateFault(fault.code, line=_line_of(fault.__traceback__), subject=fault.subject) from fault
    except jinja2.UndefinedError as error:
        asked = _ASKED.search(str(error))
        field = next((name for name in asked.groups() if name), "") if asked else str(error)
        raise TemplateFault("unknown_field", line=_line_of(error.__traceback__), subject=field) from error
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
        raise TemplateFault(
            "cannot_compute", line=_line_of(error.__traceback__), subject=str(error)
        ) from error
    return "".join(pieces)


def check_content(content: Content) -> None:
    """Raise ``TemplateFault`` for templates that nobody can be sent."""
    _compiled(content.subject, autoescape=False)
    _compiled(content.text, autoescape=False)
    _compiled(content.html, autoescape=True)
    if not (content.text.strip() or content.html.strip()):
        raise TemplateFault("empty_message")


def render_content(
    content: Content, context: Mapping[str, Any], *, plain_text: Callable[[str], str]
) -> Rendered:
    """The message for one recipient.  ``plain_text`` makes the text part of HTML that has none.

    Raises ``TemplateFault``, also for a subject that is too long or has a line break: a line break
    in a subject is how foreign headers get into a mail.
    """
    subject = _render(content.subject, context, autoescape=False).strip()
    if any(ord(letter) < 32 or letter in "\x7f\x85\u2028\u2029" for letter in subject):
        raise TemplateFault("subject_line_break")
    if len(subject) > SUBJECT_CHARS:
        raise TemplateFault("subject_too_long", subject=str(SUBJECT_CHARS))
    html = _render(content.html, context, autoescape=True)
    text = _render(content.text, context, autoescape=False)
    if not text.strip():
        text = plain_text(html)
    if not text.strip() and not html.strip():
        raise TemplateFault("empty_message")
    return Rendered(subject, text, html)
