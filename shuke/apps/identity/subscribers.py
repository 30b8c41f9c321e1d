"""What identity does for imports: it says whose an identifier is, and takes member lists in."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from shuke.apps.compliance.operations import register_owners
from shuke.apps.connections.operations import register_lander, register_person_key_resolver
from shuke.apps.connections.schemas import Landed, Origin, RowIssue
from shuke.apps.identity.operations import register_members, resolve_person_keys
from shuke.apps.identity.queries import owners_of_keys
from shuke.apps.identity.rules import KINDS, normalised
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.schemas import MemberProfile
from shuke.sources.files.kinds.members import ATTRIBUTE_FIELDS, CONSENT_CHANNELS

#: Members per transaction: short enough that others can write in between.
ROWS_PER_TRANSACTION = 1_000
ATTRIBUTE = "attribute:"


def resolve_for_import(*, at: datetime, origin: Origin, kind: str, values: list[str]) -> Mapping[str, str]:
    """The person_key of each value that is an identifier once it is written in its normal form."""
    clean = {text: normalised(kind, text, region=origin.region) for text in values}
    wanted = sorted({value for value in clean.values() if value})
    found = resolve_person_keys(
        at=at, scope=origin.account_id, kind=kind, values=wanted, source=origin.source
    )
    return {text: found[value] for text, value in clean.items() if value}


def land_members(*, at: datetime, origin: Origin, rows: pl.DataFrame, tell: Any) -> Landed:
    """Register a member list in parts; a part that was registered before changes nothing."""
    created = changed = unchanged = 0
    issues: list[RowIssue] = []
    for done, part in _parts(rows):
        outcome = register_members(
            at=at,
            account=origin.account_id,
            source=origin.source,
            registrations=[_registration(row) for row in part.iter_rows(named=True)],
            region=origin.region,
        )
        created, changed = created + outcome.created, changed + outcome.changed
        unchanged += outcome.unchanged
        issues += [
            RowIssue(issue.row_no, issue.kind, issue.code, is_fatal=issue.code == "no_identifier")
            for issue in outcome.issues
        ]
        tell(done, rows.height)
    return Landed(created=created, changed=changed, unchanged=unchanged, issues=tuple(issues))


def _parts(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    done = 0
    for part in rows.iter_slices(ROWS_PER_TRANSACTION):
        done += part.height
        yield done, part


def _registration(row: Mapping[str, Any]) -> MemberRegistration:
    """The row as a registration; columns that a source does not have are empty."""
    attributes = {name: row[name] for name in ATTRIBUTE_FIELDS if row.get(name)}
    attributes |= {k.removeprefix(ATTRIBUTE): v for k, v in row.items() if k.startswith(ATTRIBUTE) and v}
    if row.get("birthday"):
        # The lake may know the day that is celebrated, never the full date of birth.
        attributes["birthday"] = f"{row['birthday']:%m-%d}"
    if row.get("joined_on"):
        attributes["joined_on"] = row["joined_on"].isoformat()
    consents = {
        (channel, "marketing"): "granted" if row[f"consent_{channel}"] else "withdrawn"
        for channel in CONSENT_CHANNELS
        if row.get(f"consent_{channel}") is not None
    }
    return MemberRegistration(
        row_no=row["row_no"],
        identifiers={kind: row[kind] for kind in KINDS if row.get(kind)},
        profile=MemberProfile(
            name=row.get("name") or "",
            birthday=row.get("birthday"),
            joined_on=row.get("joined_on"),
            language=row.get("language") or "",
        ),
        attributes=attributes,
        consents=consents,
    )


register_person_key_resolver(resolve_for_import)
register_owners(owners_of_keys)
register_lander("members", land_members)
