"""Walking through a list that changes meanwhile, with stamps of whole seconds and an exclusive "after"."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.vendure.paging import changed_since, later, newest_of

ZERO = datetime(2026, 1, 1, tzinfo=UTC)
#: Between two stamps that differ: more than a pull rewinds, so that rewinding does not hide what was lost.
UNIT = timedelta(minutes=10)


class List:
    """A list as a shop keeps it: each change stamps a record with the whole second."""

    def __init__(self, stamps, changes):
        self.stamps = dict(enumerate(stamps))
        self.changes = list(changes)
        self.clock = max(stamps, default=0)

    def ask(self, after, skip, take):
        """One page; between two pages somebody may change records."""
        floor = timedelta(days=-1) if after is None else after - ZERO
        found = sorted((stamp, number) for number, stamp in self.stamps.items() if stamp * UNIT > floor)
        page = [
            {"id": str(number), "updatedAt": (ZERO + stamp * UNIT).isoformat()}
            for stamp, number in found[skip : skip + take]
        ]
        if self.changes:
            number, units = self.changes.pop(0)
            self.clock += units
            if number in self.stamps:
                self.stamps[number] = self.clock
        return page


def states(shelf, *, since, page_size):
    seen, cursor = set(), {}
    for page in changed_since(shelf.ask, since=since, page_size=page_size):
        seen |= {(record["id"], record["updatedAt"]) for record in page}
        cursor = later(cursor, "updated", newest_of(page))
    return seen, cursor


@settings(max_examples=50, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 6), max_size=30),
    changes=st.lists(st.tuples(st.integers(0, 29), st.integers(0, 2)), max_size=20),
    page_size=st.integers(2, 7),
)
def test_two_pulls_see_the_newest_state_of_every_record(stamps, changes, page_size):
    shelf = List(stamps, changes)
    first, cursor = states(shelf, since=None, page_size=page_size)
    shelf.changes.clear()
    since = datetime.fromisoformat(cursor["updated"]) if "updated" in cursor else None
    second, _cursor = states(shelf, since=since, page_size=page_size)
    newest = {(str(n), (ZERO + stamp * UNIT).isoformat()) for n, stamp in shelf.stamps.items()}
    assert newest <= first | second


def test_a_cursor_never_goes_back():
    cursor = later({"updated": "2026-01-02T00:00:00+00:00"}, "updated", ZERO)
    assert cursor == {"updated": "2026-01-02T00:00:00+00:00"}
    assert later({}, "updated", None) == {}
