"""Writes the index of each folder of ``docs/`` whose pages are added one by one."""

from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
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


def index_page(folder: str) -> str:
    """The list of a folder's pages by their first headings."""
    title, lead = FOLDERS[folder]
    lines = [f"# {title}", "", lead, ""]
    for page in sorted((DOCS / folder).glob("*.md")):
        if page.name != "index.md":
            heading = page.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
            lines.append(f"- [{heading}]({page.name})")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name in FOLDERS:
        (DOCS / name / "index.md").write_text(index_page(name), encoding="utf-8")
