"""Playing the year in: the same operations that the import page and the command line call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from shuke.apps.connections.operations import ensure_account, run_batch, upload
from shuke.apps.connections.operations.uploading import file_blocks
from shuke.apps.insights.operations import build_traits
from shuke.demo.examples import make_audiences, replay_campaign
from shuke.demo.files import DemoFile, write_files
from shuke.demo.programme import make_programme, replay_year
from shuke.demo.slots import make_slots
from shuke.platform.clock import business_date
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.public_data.operations import refresh_public_data
from shuke.platform.retailer.operations import change_retailer
from shuke.sources.completejourney import load_year
from shuke.sources.completejourney.frames import CREDIT, CURRENCY, ZONE

ACCOUNT = "Supermarket tills"
#: How long ago the example campaign ran: its 28 days of outcomes must be over.
CAMPAIGN_AGE = timedelta(weeks=8)

#: Told what is being done, how much is done and how much there is.
Tell = Callable[[str, int, int], None]


@dataclass
class DemoOutcome:
    """What playing did: rows that were new or corrected by kind of file."""

    changes: dict[str, int] = field(default_factory=dict)
    rejected: int = 0

    @property
    def has_changed_nothing(self) -> bool:
        """Whether everything was there already."""
        return not any(self.changes.values())


def play(*, at: datetime, tell: Tell, households: int | None = None) -> DemoOutcome:
    """Import the year, replay it by a programme, build traits, save audiences and replay a campaign.

    ``households`` takes only the first so many.  Playing twice changes nothing.  Raises
    ``DataNotInstalledError``.
    """
    today = business_date(at, ZONE)
    year = load_year(today=today, households=households)
    change_retailer(
        actor=SYSTEM,
        at=at,
        name="Complete Journey Market",
        time_zone=ZONE,
        currency=CURRENCY,
        notice=_notice(year.weeks),
    )
    account = ensure_account(
        actor=SYSTEM,
        at=at,
        name=ACCOUNT,
        sales_channel="store",
        time_zone=ZONE,
        currency=CURRENCY,
        region="US",
    )
    outcome = DemoOutcome()
    with TemporaryDirectory(prefix="shuke-demo-") as folder:
        for file in write_files(year, Path(folder)):
            _import(file, account_id=account.id, at=at, tell=tell, outcome=outcome)
    tell("Moving facts to the lake", 0, 1)
    drain()
    tell("Moving facts to the lake", 1, 1)
    tell("Taking in calendars and regions", 0, 1)
    refresh_public_data(actor=SYSTEM, at=at, today=today)
    tell("Taking in calendars and regions", 1, 1)
    _reward(at=at, tell=tell)
    _understand(at=at, tell=tell)
    make_slots(at=at)
    return outcome


def _reward(*, at: datetime, tell: Tell) -> None:
    """The programme's year: points, growth value and tiers of everybody."""
    today = business_date(at, ZONE)
    tell("Setting up points and tiers", 0, 1)
    make_programme(at=at, today=today, time_zone=ZONE)
    tell("Setting up points and tiers", 1, 1)
    what = "Replaying the year: points and tiers"
    tell(what, 0, 1)
    replay_year(at=at, today=today, tell=lambda done, total: tell(what, done, total))
    tell("Moving points to the lake", 0, 1)
    drain()
    tell("Moving points to the lake", 1, 1)


def _notice(weeks: int) -> str:
    return (
        f"Demonstration data: {CREDIT}, moved forward by {weeks} weeks. Names and addresses are made up, "
        f"and messages go to the console outbox only.\n演示数据：{CREDIT}，日期后移{weeks}周；姓名与邮箱均为虚构，"
        "消息只进入控制台发件箱。"
    )


def _import(file: DemoFile, *, account_id: str, at: datetime, tell: Tell, outcome: DemoOutcome) -> None:
    what = f"Importing {file.kind.replace('_', ' ')} ({file.rows:,} rows)"
    tell(what, 0, 1)
    batch = upload(
        actor=SYSTEM,
        at=at,
        account_id=account_id,
        kind=file.kind,
        file_name=file.path.name,
        blocks=file_blocks(file.path),
        settings=dict(file.settings),
    )
    done = run_batch(at=at, batch_id=batch.id, tell=lambda done, total, _label: tell(what, done, total))
    if done.report is not None:
        outcome.changes[file.kind] = done.report.accepted + done.report.corrected
        outcome.rejected += done.report.rejected
    tell(what, 1, 1)


def _understand(*, at: datetime, tell: Tell) -> None:
    yesterday = business_date(at, ZONE) - timedelta(days=1)
    back_then = at - CAMPAIGN_AGE
    tell("Building traits", 0, 2)
    build_traits(at=back_then, as_of=business_date(back_then, ZONE) - timedelta(days=1))
    tell("Building traits", 1, 2)
    build_traits(at=at, as_of=yesterday)
    tell("Building traits", 2, 2)
    tell("Saving example audiences", 0, 1)
    audience_id = make_audiences(at=at, time_zone=ZONE)
    tell("Saving example audiences", 1, 1)
    what = "Replaying an example campaign"
    tell(what, 0, 1)
    replay_campaign(
        at=back_then,
        time_zone=ZONE,
        audience_id=audience_id,
        tell=lambda done, total: tell(what, done, total),
    )
    drain()
    tell(what, 1, 1)
