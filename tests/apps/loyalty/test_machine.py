"""Random histories of points against a model in which every point is a thing of its own."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from shuke.apps.loyalty.operations import (
    adjust_points,
    award_points,
    claw_back_points,
    commit_hold,
    define_points_type,
    give_back_points,
    hold_points,
    release_hold,
    settle_wallets,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.once import PointsShort
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from tests.series import series

START = datetime(2026, 1, 5, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAR = datetime(9999, 1, 1, tzinfo=UTC)
_keys = count()


@dataclass
class Point:
    """One point: its lot, its life, where it is, and the hold, commit or purchase it belongs to."""

    lot: int
    begins: datetime
    ends: datetime
    place: str
    earned: str
    hold: str = ""
    taken: int = 0


@dataclass
class Model:
    """A wallet as a bag of points."""

    points: list[Point] = field(default_factory=list)
    debt: int = 0
    lots: int = 0
    holds: dict[str, datetime] = field(default_factory=dict)
    picks: int = 0

    def put(self, point: Point) -> None:
        """Let a point become available, unless it pays a debt."""
        if self.debt:
            self.debt, point.place = self.debt - 1, "clawed_back"
        else:
            point.place = "available"

    def tick(self, at: datetime) -> None:
        """What time makes, moment by moment."""
        while True:
            moments = [(p.begins, 0) for p in self.points if p.place == "pending" and p.begins <= at]
            moments += [(end, 1) for end in self.holds.values() if end <= at]
            moments += [(p.ends, 2) for p in self.points if p.place == "available" and p.ends < at]
            if not moments:
                return
            self._happen(*min(moments))

    def _happen(self, moment: datetime, order: int) -> None:
        if order == 0:
            for p in self.points:
                if p.place == "pending" and p.begins == moment:
                    self.put(p)
        elif order == 1:
            name = next(n for n, end in self.holds.items() if end == moment)
            self.let_go(name, at=moment)
        else:
            for p in self.points:
                if p.place == "available" and p.ends == moment:
                    p.place = "expired"

    def let_go(self, name: str, *, at: datetime) -> None:
        """End a hold without spending."""
        del self.holds[name]
        for p in sorted(
            (p for p in self.points if p.hold == name and p.place == "held"), key=lambda p: p.taken
        ):
            if p.ends < at:
                p.place = "expired"
            else:
                self.put(p)

    def first(self, place: str) -> list[Point]:
        """Points at a place, those that end first in front."""
        return sorted((p for p in self.points if p.place == place), key=lambda p: (p.ends, p.lot))

    def counted(self) -> tuple[int, int, int, int]:
        """pending, available, held, debt."""
        places = Counter(p.place for p in self.points)
        return places["pending"], places["available"], places["held"], self.debt


class PointsMachine(RuleBasedStateMachine):
    """Two members, one currency with debts, and time that only goes forward."""

    @initialize()
    def begin(self) -> None:
        refs = create_members(at=START, source="test", profiles=[MemberProfile(), MemberProfile()])
        self.members = [ref.public_id for ref in refs]
        self.models = {member: Model() for member in self.members}
        self.now = START
        self.earns: dict[str, tuple[str, str]] = {}
        self.commits: dict[str, tuple[str, str]] = {}
        self.holds: dict[str, tuple[str, str]] = {}
        self.answers: list[tuple[str, datetime, tuple[int, int, int, int]]] = []

    def asked(self, reason: str = "") -> Request:
        self.now += timedelta(seconds=1)
        for model in self.models.values():
            model.tick(self.now)
        return Request(key=f"machine:{next(_keys)}", actor="test", at=self.now, reason=reason)

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        for model in self.models.values():
            model.tick(self.now)

    @rule(who=st.integers(0, 1), points=st.integers(1, 12), wait=st.integers(0, 60), life=st.integers(1, 300))
    def award(self, who: int, points: int, wait: int, life: int) -> None:
        request, member = self.asked(), self.members[who]
        begins = self.now + wait * HOUR
        ends = begins + life * HOUR if life < 290 else FAR
        outcome = award_points(
            request=request,
            member_id=member,
            points_type="machine",
            points=points,
            activates_at=begins,
            expires_at=None if ends == FAR else ends,
        )
        model, name = self.models[member], outcome.transaction_id
        model.lots += 1
        new = [Point(model.lots, begins, ends, "pending", name) for _ in range(points)]
        model.points += new
        if wait == 0:
            for point in new:
                model.put(point)
        self.earns[name] = (member, name)

    @rule(who=st.integers(0, 1), points=st.integers(1, 15), hours=st.integers(1, 100))
    def hold(self, who: int, points: int, hours: int) -> None:
        request, member = self.asked(), self.members[who]
        model, end = self.models[member], self.now + hours * HOUR
        chosen = model.first("available")[:points]
        arguments = {"member_id": member, "points_type": "machine", "points": points, "expires_at": end}
        if len(chosen) < points:
            with pytest.raises(PointsShort):
                hold_points(request=request, **arguments)
            return
        name = hold_points(request=request, **arguments).transaction_id
        for place, point in enumerate(chosen):
            point.place, point.hold, point.taken = "held", name, place
        model.holds[name] = end
        self.holds[name] = (member, name)

    @rule(who=st.integers(0, 1), points=st.integers(1, 15))
    def spend(self, who: int, points: int) -> None:
        request, member = self.asked(), self.members[who]
        model = self.models[member]
        chosen = model.first("available")[:points]
        arguments = {"member_id": member, "points_type": "machine", "points": points}
        if len(chosen) < points:
            with pytest.raises(PointsShort):
                spend_points(request=request, **arguments)
            return
        name = spend_points(request=request, **arguments).transaction_id
        for place, point in enumerate(chosen):
            point.place, point.hold, point.taken = "spent", name, place
        self.commits[name] = (member, name)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), is_spent=st.booleans())
    def end_hold(self, data: st.DataObject, is_spent: bool) -> None:
        member, name = data.draw(st.sampled_from(list(self.holds.values())))
        request, model = self.asked(), self.models[member]
        operation = commit_hold if is_spent else release_hold
        if name not in model.holds:
            with pytest.raises(Refused):
                operation(request=request, hold_id=name)
            return
        outcome = operation(request=request, hold_id=name)
        if not is_spent:
            model.let_go(name, at=self.now)
            return
        del model.holds[name]
        for point in model.points:
            if point.hold == name and point.place == "held":
                point.place = "spent"
        self.commits[outcome.transaction_id] = (member, name)

    @precondition(lambda self: self.commits)
    @rule(data=st.data(), points=st.integers(1, 6))
    def give_back(self, data: st.DataObject, points: int) -> None:
        commit = data.draw(st.sampled_from(list(self.commits)))
        member, hold = self.commits[commit]
        request, model = self.asked(), self.models[member]
        spent = [p for p in model.points if p.hold == hold and p.place == "spent"]
        # Lots come back in the reverse order in which they were taken.
        order = {
            lot: n for n, lot in enumerate(dict.fromkeys(p.lot for p in sorted(spent, key=lambda p: p.taken)))
        }
        spent.sort(key=lambda p: -order[p.lot])
        if len(spent) < points:
            with pytest.raises(Refused):
                give_back_points(request=request, commit_id=commit, points=points)
            return
        give_back_points(request=request, commit_id=commit, points=points)
        for point in spent[:points]:
            if point.ends < self.now:
                point.place = "expired"
            else:
                model.put(point)

    @precondition(lambda self: self.earns)
    @rule(data=st.data(), points=st.integers(1, 8))
    def claw_back(self, data: st.DataObject, points: int) -> None:
        earn = data.draw(st.sampled_from(list(self.earns)))
        member, _ = self.earns[earn]
        request, model = self.asked(), self.models[member]
        earned = sum(p.earned == earn for p in model.points)
        taken = getattr(model, "taken", Counter())
        if points > earned - taken[earn]:
            with pytest.raises(Refused):
                claw_back_points(request=request, earn_id=earn, points=points)
            return
        claw_back_points(request=request, earn_id=earn, points=points)
        taken[earn] += points
        model.taken = taken  # type: ignore[attr-defined]
        own = [p for p in model.points if p.earned == earn]
        wanted = [p for p in own if p.place == "pending"] + [p for p in own if p.place == "available"]
        wanted += [p for p in model.first("available") if p.earned != earn]
        for point in wanted[:points]:
            point.place = "clawed_back"
        model.debt += points - len(wanted[:points])

    @rule(who=st.integers(0, 1), points=st.integers(-6, 6).filter(bool))
    def adjust(self, who: int, points: int) -> None:
        request, member = self.asked("test"), self.members[who]
        model = self.models[member]
        arguments = {"member_id": member, "points_type": "machine", "points": points}
        chosen = model.first("available")[: max(-points, 0)]
        if len(chosen) < -points:
            with pytest.raises(PointsShort):
                adjust_points(request=request, **arguments)
            return
        adjust_points(request=request, **arguments)
        for point in chosen:
            point.place = "written_off"
        if points > 0:
            model.lots += 1
            for _ in range(points):
                model.points.append(Point(model.lots, self.now, FAR, "available", ""))
                model.put(model.points[-1])

    @rule(giver=st.integers(0, 1), points=st.integers(1, 10))
    def transfer(self, giver: int, points: int) -> None:
        request, sender, taker = self.asked(), self.members[giver], self.members[1 - giver]
        model, other = self.models[sender], self.models[taker]
        chosen = model.first("available")[:points]
        arguments = {"giver_id": sender, "taker_id": taker, "points_type": "machine", "points": points}
        if len(chosen) < points:
            with pytest.raises(PointsShort):
                transfer_points(request=request, **arguments)
            return
        transfer_points(request=request, **arguments)
        numbers = {lot: n for n, lot in enumerate(dict.fromkeys(p.lot for p in chosen), start=1)}
        for point in chosen:
            point.place = "transferred"
            copy = Point(other.lots + numbers[point.lot], point.begins, point.ends, "available", "")
            other.points.append(copy)
            other.put(copy)
        other.lots += len(numbers)

    @rule()
    def night(self) -> None:
        settle_wallets(at=self.now)

    @invariant()
    def the_ledger_is_sound_and_says_what_the_model_says(self) -> None:
        if not hasattr(self, "models"):
            return
        assert ledger_findings() == []
        for member, model in self.models.items():
            view = points_wallet(member, points_type="machine", at=self.now)
            found = (view.balances.pending, view.balances.available, view.balances.held, view.balances.debt)
            assert found == model.counted()
            self.answers.append((member, self.now, found))
            lots = {lot.number: Counter(lot.buckets) for lot in view.lots}
            expected: dict[int, Counter[str]] = {}
            for point in model.points:
                expected.setdefault(point.lot, Counter())[point.place] += 1
            assert lots == {
                lot: places
                for lot, places in expected.items()
                if places["pending"] or places["available"] or places["held"]
            }

    def teardown(self) -> None:
        """What was answered at any moment is still what is said of that moment."""
        for member, at, answered in getattr(self, "answers", [])[::3]:
            then = points_wallet(member, points_type="machine", at=at).balances
            assert (then.pending, then.available, then.held, then.debt) == answered
        # Time runs out for these wallets, so that the next history starts with nothing waiting.
        settle_wallets(at=datetime(8000, 1, 1, tzinfo=UTC))


@pytest.mark.once
@pytest.mark.slow
def test_any_history_of_points_is_what_the_model_says(db, lake_home):
    define_points_type(actor=SYSTEM, at=START, code="machine", name="Machine")
    run(
        PointsMachine,
        settings=settings(
            max_examples=series(8, long=40),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
