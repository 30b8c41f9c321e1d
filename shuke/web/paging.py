"""Paging of lists on pages: ``?page=2``."""

from dataclasses import dataclass

from django.http import HttpRequest

MAX_PAGE = 100_000


@dataclass(frozen=True)
class Pager:
    """Which part of a list is shown."""

    page: int
    size: int
    total: int

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.size

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1; 0 for an empty list."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.offset + self.size, self.total)

    @property
    def previous(self) -> int | None:
        """The page before."""
        return self.page - 1 if self.page > 1 else None

    @property
    def next(self) -> int | None:
        """The page after."""
        return self.page + 1 if self.last < self.total else None


def page_number(request: HttpRequest) -> int:
    """The page that was asked for; nonsense is the first."""
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), MAX_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 1
