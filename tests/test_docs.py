"""The documentation is true of the code, complete, and builds without a warning or a network."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))


@pytest.mark.parametrize(("name", "folder"), [("table_pages", "tables"), ("reference_pages", "reference")])
def test_generated_pages_are_up_to_date(name: str, folder: str) -> None:
    pages = script(name)["pages"]()
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / folder).glob("*.md")}
    assert sorted(written) == sorted(pages)
    stale = [page for page, text in pages.items() if written[page] != text]
    assert stale == [], "Run: make pages"


@pytest.mark.parametrize("folder", ["decisions", "algorithms", "guides"])
def test_the_index_names_every_page(folder: str) -> None:
    index = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)#]+\.md)", index))
    pages = {path.name for path in (DOCS / folder).glob("*.md")} - {"index.md", "index.zh-hans.md"}
    assert pages <= linked, "Run: make pages"


@pytest.mark.parametrize("folder", ["algorithms", "guides"])
def test_the_chinese_index_names_each_page_once(folder: str) -> None:
    index = DOCS / folder / "index.zh-hans.md"
    chinese = {path.name for path in index.parent.glob("*.zh-hans.md")} - {index.name}
    assert index.is_file() == bool(chinese)
    if chinese:
        linked = set(re.findall(r"\]\(([^)#]+\.md)", index.read_text(encoding="utf-8")))
        english = {path.name for path in index.parent.glob("*.md")} - chinese - {index.name, "index.md"}
        named = {name.replace(".zh-hans.md", ".md") for name in chinese}
        assert linked == chinese | (english - named), "Run: make pages"


@pytest.mark.once
@pytest.mark.slow
def test_the_site_builds_strictly_without_a_network(tmp_path: Path) -> None:
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    finished = subprocess.run(
        command, cwd=ROOT, env=os.environ | nowhere, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "fonts.googleapis.com" not in home
    assert "fonts.gstatic.com" not in home


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh-hans.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"]
)
def test_links_between_files_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [
        t
        for t in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in t and not t.startswith(("#", "mailto:"))
    ]
    assert targets
    missing = [target for target in targets if not (ROOT / target.split("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-hans.md", "CONTRIBUTING.md"])
def test_make_targets_that_are_named_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", (ROOT / name).read_text(encoding="utf-8")))
    assert named
    assert named <= known


def test_both_readmes_have_the_same_sections() -> None:
    def sections(name: str) -> int:
        return len(re.findall(r"^## ", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert sections("README.md") == sections("README.zh-hans.md")


def test_every_benchmark_is_explained() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([a-z_]+\.py)`", text, re.MULTILINE))
    assert named == {path.name for path in (ROOT / "benchmarks").glob("*.py")}
