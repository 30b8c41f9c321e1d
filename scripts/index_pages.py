"""Writes the index of each folder of ``docs/`` whose pages are added one by one.

``rfm.zh-hans.md`` is ``rfm.md`` in Chinese: a folder with such pages gets an index in either language.
"""

from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
CHINESE = ".zh-hans.md"
FOLDERS = {
    "decisions": (
        "Decisions",
        (
            "What was chosen, what else was considered, and the price. One half-page each; a change of the stack "
            "needs a new one."
        ),
    ),
    "algorithms": ("Algorithms", "Each with its formula, its source, its assumptions and where it fails."),
    "guides": ("Guides", "How to do one thing, step by step."),
}
IN_CHINESE = {
    "algorithms": ("算法", "每一篇都写明公式、出处、前提假设，以及何时不可信。标“英文”的尚无中文版。"),
    "guides": ("指南", "一步一步，每篇做一件事。标“英文”的尚无中文版。"),
}


def index_page(folder: str) -> str:
    """The list of a folder's pages by their first headings, with those there are in Chinese."""
    title, lead = FOLDERS[folder]
    lines = [f"# {title}", "", lead, ""]
    for page in _pages(folder):
        chinese = _in_chinese(page)
        also = f" · [中文]({chinese.name})" if chinese.is_file() else ""
        lines.append(f"- [{_heading(page)}]({page.name}){also}")
    return "\n".join(lines) + "\n"


def chinese_index_page(folder: str) -> str:
    """The same list in Chinese; what is in English only says so."""
    title, lead = IN_CHINESE[folder]
    lines = [f"# {title}", "", lead, ""]
    for page in _pages(folder):
        chinese = _in_chinese(page)
        if chinese.is_file():
            lines.append(f"- [{_heading(chinese)}]({chinese.name})")
        else:
            lines.append(f"- [{_heading(page)}]({page.name})（英文）")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Every index by its path under ``docs/``."""
    written = {f"{folder}/index.md": index_page(folder) for folder in FOLDERS}
    for folder in IN_CHINESE:
        if any(_in_chinese(page).is_file() for page in _pages(folder)):
            written[f"{folder}/index{CHINESE}"] = chinese_index_page(folder)
    return written


def _pages(folder: str) -> list[Path]:
    """The English pages; ``0001-a.md`` before ``0002-b.md``."""
    found = sorted((DOCS / folder).glob("*.md"))
    return [page for page in found if page.name != "index.md" and not page.name.endswith(CHINESE)]


def _in_chinese(page: Path) -> Path:
    return page.with_name(page.stem + CHINESE)


def _heading(page: Path) -> str:
    return page.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
