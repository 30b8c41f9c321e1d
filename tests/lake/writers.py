"""What other processes do to a lake; importable by them, so without pytest and Django."""

from datetime import date
from pathlib import Path

from shuke.lake import Lake
from shuke.lake.layout import create_table, open_table
from shuke.lake.scrubbing import renew_checkpoint
from shuke.tables import TABLES
from tests.lake.company import is_closing_time, meet
from tests.lake.rows import order_lines, traits


def create(root: str, who: int, tables: int) -> None:
    """Create tables at the very moment at which others do."""
    del who
    for number in range(tables):
        meet()
        create_table(Path(root, str(number)), TABLES["order_lines"])


def append(root: str, who: int, commits: int) -> None:
    """Append rows of one's own."""
    for number in range(commits):
        start = who * 10_000 + number * 10
        Lake(root).append("order_lines", order_lines(start, start + 10, person=f"person{who}"))


def append_until_told(root: str, who: int, commits: int) -> int:
    """Append until closing time, but that often at least; returns how often."""
    done = 0
    while done < commits or not is_closing_time():
        # Far apart: a quick writer beside a slow reader makes hundreds, which must not be the other's orders.
        append(root, who * 100_000 + done, 1)
        done += 1
    return done


def upsert(root: str, who: int, commits: int) -> None:
    """Upsert rows that all share, in months that differ from process to process."""
    for number in range(commits):
        rows = order_lines(
            number % 3 * 5, number % 3 * 5 + 20, month=1 + (who + number) % 3, paid=who * 100 + number
        )
        Lake(root).upsert("order_lines", rows)


def replace(root: str, who: int, commits: int) -> None:
    """Replace one partition that all share."""
    day = date(2026, 11, 1)
    for number in range(commits):
        members = [f"m{i}" for i in range(20)]
        Lake(root).replace(
            "traits", traits(day, *members, frequency=who * 100 + number), where={"as_of": day}
        )


def delete(root: str, who: int, commits: int) -> None:
    """Erase a person again and again; ``who`` is the person."""
    for _ in range(commits):
        Lake(root).delete_persons([f"person{who}"])


def compact(root: str, who: int, commits: int) -> None:
    """Compact and sort while others write."""
    del who
    for _ in range(commits):
        Lake(root).compact("order_lines")
        Lake(root).sort_months("order_lines", before="2027-01")


def same_transactions(root: str, who: int, commits: int) -> None:
    """Several processes append the same stream; each transaction may arrive once only."""
    del who
    for number in range(1, commits + 1):
        Lake(root).append(
            "order_lines", order_lines(number * 10, number * 10 + 10), transaction=("app", number)
        )


def open_again(root: str, who: int, times: int) -> None:
    """Open the newest version again and again, as every writer and reader does."""
    del who
    for _ in range(times):
        open_table(Lake(root).path("order_lines"))


def renew_checkpoints(root: str, who: int, times: int) -> None:
    """Append and put the older checkpoint away, as an erasure does."""
    for number in range(times):
        append(root, who + number, 1)
        renew_checkpoint(Lake(root).path("order_lines"))
