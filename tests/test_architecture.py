"""The law of the house, beyond imports (those are held by ``.importlinter``).  There is no list of exceptions.

Every rule is a function from a source tree to the sentences that tell what breaks it; the second
half of this file breaks each rule on purpose in a temporary tree and expects to be told.
"""

import ast
import configparser
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps as registry
from django.db import models

from shuke.platform.privacy import erasers, exporters

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES, MODULE_LINES, TEMPLATE_LINES, POSITIONAL_ARGUMENTS = 60, 500, 200, 2
BANNED_NAMES = frozenset({"utils", "helpers", "common", "misc", "core", "base", "extras", "manager"})
DOORS = frozenset({"urls", "pages", "api", "tasks", "subscribers", "privacy", "management"})
INSIDE = frozenset({"forms", "operations", "queries", "models", "schemas", "events", "adapters", "rules"})
APP_ENTRIES = (
    {f"{name}.py" for name in DOORS | INSIDE}
    | DOORS
    | INSIDE
    | {"__init__.py", "apps.py", "README.md", "templates", "static", "locale", "migrations", "__pycache__"}
)
#: Places whose code takes the time as an argument.  Doors of apps, the CLI and the jobs' runner may read it.
TIMELESS = ("apps", "science", "sources", "tables")
CLOCK_CALLS = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "timezone.now",
        "clock.now",
        "time.time",
    }
)
Rule = Callable[[Path], Iterator[str]]


def python_files(package: Path) -> list[Path]:
    """Sources that people write: migrations are written by Django."""
    return [path for path in sorted(package.rglob("*.py")) if "migrations" not in path.parts]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules_are_short(package: Path) -> Iterator[str]:
    for path in python_files(package):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            yield f"{path} has {lines} lines; split it into a package of the same name."


def functions_are_short(package: Path) -> Iterator[str]:
    for path in python_files(package):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{path}:{node.lineno} {node.name} has {lines} lines."


def templates_are_short(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.html")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > TEMPLATE_LINES and "vendor" not in path.parts:
            yield f"{path} has {lines} lines; move a part into a component."


def names_say_something(package: Path) -> Iterator[str]:
    for path in python_files(package):
        for part in (path.stem, path.parent.name):
            if part in BANNED_NAMES:
                yield f"{path}: {part!r} says nothing; name the thing."


def apps_have_the_known_files(package: Path) -> Iterator[str]:
    for app in sorted((package / "apps").iterdir()):
        if not app.is_dir() or app.name == "__pycache__":
            continue
        for entry in sorted(app.iterdir()):
            if entry.name not in APP_ENTRIES:
                yield f"{entry}: an app has only {', '.join(sorted(DOORS | INSIDE))}."


def calls_name_their_arguments(package: Path) -> Iterator[str]:
    for path in python_files(package):
        if not {"operations", "queries"} & {path.stem, path.parent.name}:
            continue
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                count = len(node.args.posonlyargs) + len(node.args.args)
                if count > POSITIONAL_ARGUMENTS:
                    yield f"{path}:{node.lineno} {node.name} takes {count} positional arguments; use *."


def clock_readings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and call of everything that reads the clock."""
    clock_names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in {"shuke.platform.clock", "django.utils.timezone"}
        for alias in node.names
        if alias.name == "now"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            tail = ".".join(called.split(".")[-2:])
            if tail in CLOCK_CALLS or called in clock_names:
                yield node.lineno, called


def only_doors_read_the_clock(package: Path) -> Iterator[str]:
    for place in TIMELESS:
        for path in python_files(package / place):
            parts = path.relative_to(package).with_suffix("").parts
            if place == "apps" and len(parts) > 2 and parts[2] in DOORS:
                continue
            for line, called in clock_readings(tree_of(path)):
                yield f"{path}:{line} calls {called}; take the time as an argument, only doors read the clock."


def nothing_prints(package: Path) -> Iterator[str]:
    for path in python_files(package):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{path}:{node.lineno} prints; use the log, typer.echo or a rich console."


def pages_carry_no_inline_code(package: Path) -> Iterator[str]:
    """The content security policy forbids inline scripts and styles; a browser would drop them in silence."""
    inline = re.compile(
        r"<script(?![^>]*\b(src|type=\"application/json\"))|<style|\sstyle=|\son[a-z]+=\"", re.IGNORECASE
    )
    for path in sorted(package.rglob("templates/**/*.html")):
        if "email" in path.parts:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if inline.search(line):
                yield f"{path}:{number} has an inline script or style."


RULES: tuple[Rule, ...] = (
    modules_are_short,
    functions_are_short,
    templates_are_short,
    names_say_something,
    apps_have_the_known_files,
    calls_name_their_arguments,
    only_doors_read_the_clock,
    nothing_prints,
    pages_carry_no_inline_code,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(ROOT / "shuke")) == []


# --- the hill: foreign keys point downward, and personal data can be handed out and erased ---


def hill() -> dict[str, int]:
    """Rank of every app, 0 at the top, from the contract that the import linter holds."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    rows = contract["importlinter:contract:apps"]["layers"].split("\n")
    return {
        name.strip(" ()"): rank
        for rank, row in enumerate(row for row in rows if row.strip())
        for name in row.split("|")
    }


def business_models() -> list[type[models.Model]]:
    return [m for m in registry.get_models() if m.__module__.startswith("shuke.")]


def foreign_key_faults(
    source: tuple[str, str], target: tuple[str, str], ranks: dict[str, int]
) -> Iterator[str]:
    """What is wrong with a key between two apps, each given as (module, label)."""
    (source_module, source_label), (target_module, target_label) = source, target
    if not target_module.startswith("shuke.apps."):
        return
    if not source_module.startswith("shuke.apps."):
        yield f"{source_label} lies below the apps and points at {target_label}."
    elif source_label != target_label and ranks[source_label] >= ranks[target_label]:
        yield f"{source_label} points at {target_label}, which is not below it; store its public id instead."


def test_foreign_keys_point_down_the_hill() -> None:
    faults = [
        f"{model.__name__}.{field.name}: {fault}"
        for model in business_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey | models.ManyToManyField)
        for fault in foreign_key_faults(
            (model.__module__, model._meta.app_label),
            (field.related_model.__module__, field.related_model._meta.app_label),  # type: ignore[union-attr]
            hill(),
        )
    ]
    assert faults == []


def test_every_app_stands_on_the_hill() -> None:
    installed = {c.label for c in registry.get_app_configs() if c.name.startswith("shuke.apps.")}
    assert installed
    assert installed <= set(hill())


def holds_personal_data(model: type[models.Model]) -> bool:
    """Whether a row belongs to one person: it names a member, or keeps something encrypted."""
    names = {field.name for field in model._meta.get_fields() if isinstance(field, models.Field)}
    personal = {"member", "member_id", "person_key"} & names
    return bool(personal) or any(name.endswith("_encrypted") for name in names)


def test_personal_data_can_be_handed_out_and_erased() -> None:
    holders = {
        m._meta.app_label
        for m in business_models()
        if m.__module__.startswith("shuke.apps.") and holds_personal_data(m)
    }
    assert {"members", "identity", "compliance"} <= holders
    assert holders - set(exporters()) == set()
    assert holders - set(erasers()) == set()


# --- sabotage: each rule must notice what breaks it ---


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


LONG_BODY = "\n".join("    x = 1" for _ in range(FUNCTION_LINES))
SABOTAGE: tuple[tuple[Rule, str, str], ...] = (
    (modules_are_short, "apps/a/operations.py", "x = 1\n" * (MODULE_LINES + 1)),
    (functions_are_short, "lake/a.py", f"def f() -> None:\n{LONG_BODY}\n"),
    (
        functions_are_short,
        "apps/a/queries.py",
        f"class A:\n    async def f(self):\n{LONG_BODY.replace('    ', ' ' * 8)}\n",
    ),
    (templates_are_short, "web/templates/web/a.html", "<p>\n" * (TEMPLATE_LINES + 1)),
    (names_say_something, "science/utils.py", ""),
    (names_say_something, "apps/a/rules/helpers.py", ""),
    (names_say_something, "platform/common/money.py", ""),
    (apps_have_the_known_files, "apps/a/services.py", ""),
    (apps_have_the_known_files, "apps/a/signals/__init__.py", ""),
    (calls_name_their_arguments, "apps/a/operations.py", "def f(a, b, c): ...\n"),
    (calls_name_their_arguments, "apps/a/queries/pages.py", "async def f(a, b, /, c): ...\n"),
    (only_doors_read_the_clock, "apps/a/operations.py", "import datetime\nx = datetime.datetime.now()\n"),
    (only_doors_read_the_clock, "apps/a/rules.py", "from datetime import date\nx = date.today()\n"),
    (
        only_doors_read_the_clock,
        "apps/a/queries.py",
        "from shuke.platform.clock import now as read\nx = read()\n",
    ),
    (only_doors_read_the_clock, "apps/a/queries.py", "from shuke.platform import clock\nx = clock.now()\n"),
    (only_doors_read_the_clock, "science/a.py", "from django.utils import timezone\nx = timezone.now()\n"),
    (nothing_prints, "sources/a.py", "print('x')\n"),
    (pages_carry_no_inline_code, "web/templates/web/a.html", "<script>alert(1)</script>"),
    (pages_carry_no_inline_code, "web/templates/web/a.html", '<p style="color:red">'),
    (pages_carry_no_inline_code, "web/templates/web/a.html", '<button onclick="go()">'),
)


@pytest.mark.parametrize(
    ("rule", "name", "text"), SABOTAGE, ids=lambda value: getattr(value, "__name__", None)
)
def test_the_rule_notices(rule: Rule, name: str, text: str, tmp_path: Path) -> None:
    put(tmp_path, "apps/__init__.py", "")
    put(tmp_path, name, text)
    found = list(rule(tmp_path))
    assert len(found) == 1
    assert name.removesuffix("/__init__.py") in found[0]


INNOCENT = {
    "apps/a/pages.py": "from shuke.platform.clock import now\nx = now()\n",
    "apps/a/tasks/nightly.py": "from shuke.platform.clock import now\nx = now()\n",
    "apps/a/operations.py": "def f(a, b, *, c): ...\ndef _g(a, b, c): ...\nx = now = dict\n",
    "apps/a/migrations/0001_initial.py": "x = 1\n" * (MODULE_LINES + 1),
    "web/templates/web/base.html": '<script src="/static/a.js"></script><script type="application/json">{}</script>',
    "lake/layout.py": "def blueprint(): ...\nblueprint()\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_lets_the_innocent_go(rule: Rule, tmp_path: Path) -> None:
    for name, text in INNOCENT.items():
        put(tmp_path, name, text)
    assert list(rule(tmp_path)) == []


def test_upward_and_sideways_keys_are_noticed() -> None:
    ranks = {"campaigns": 0, "audiences": 1, "insights": 2, "measurement": 2, "members": 3}

    def faults(source: str, target: str) -> list[str]:
        ends = [(f"shuke.apps.{name}.models", name) for name in (source, target)]
        return list(foreign_key_faults(ends[0], ends[1], ranks))

    assert faults("campaigns", "members") == []
    assert faults("campaigns", "campaigns") == []
    assert len(faults("audiences", "campaigns")) == 1
    assert len(faults("insights", "measurement")) == 1
    below = ("shuke.platform.audit.models", "audit")
    assert len(list(foreign_key_faults(below, ("shuke.apps.members.models", "members"), ranks))) == 1
    assert list(foreign_key_faults(("shuke.apps.members.models", "members"), below, ranks)) == []
