"""Reading issues."""

from collections import Counter
from typing import Any
from urllib.parse import quote

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.queries import accounts
from shuke.apps.quality.models import Issue
from shuke.apps.quality.queries.words import message_of, shown_value
from shuke.apps.quality.rules import RULES
from shuke.apps.quality.schemas import IssueView
from shuke.platform.errors import NotFound

PLACES = {
    "order": "/products/orders/{subject}/",
    "order_line": "/products/orders/{subject}/",
    "product": "/products/{subject}/",
    "import": "/imports/{subject}/",
    "member": "/members/{subject}/",
}


def issue_row(issue_id: str) -> Issue:
    """The row of an issue.  Raises ``NotFound``."""
    row = Issue.objects.filter(public_id=issue_id).first()
    if row is None:
        raise NotFound("issue_not_found", _("There is no such issue."))
    return row


def issue_view(row: Issue, names: dict[str, str] | None = None) -> IssueView:
    """The public view of an issue row."""
    rule = RULES[row.rule]
    known = names if names is not None else account_names()
    suggestion = row.facts.get("suggestion")
    return IssueView(
        id=row.public_id,
        rule=row.rule,
        account=known.get(row.account_id, ""),
        subject=row.subject,
        place=row.place,
        facts=row.facts,
        weight=row.weight,
        state=row.state,
        url=PLACES[rule.subject].format(subject=quote(row.subject, safe=":")),
        message=message_of(row.rule, row.facts),
        column=rule.column,
        suggestion=suggestion,
        shown_suggestion=shown_value(
            suggestion, column=rule.column, currency=row.facts.get("currency") or ""
        ),
        currency=row.facts.get("currency") or "",
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
    )


def account_names() -> dict[str, str]:
    """Names of accounts by id."""
    return {account.id: account.name for account in accounts()}


def issue(issue_id: str) -> IssueView:
    """One issue.  Raises ``NotFound``."""
    return issue_view(issue_row(issue_id))


def issues_page(
    *, state: str = "open", rule: str = "", account_id: str = "", limit: int = 50, offset: int = 0
) -> tuple[list[IssueView], int]:
    """Issues, the heaviest of each kind first, and how many there are in all.  Empty filters take all."""
    rows: QuerySet[Issue] = Issue.objects.order_by("rule", "-weight", "pk")
    given: dict[str, Any] = {"state": state, "rule": rule, "account_id": account_id}
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    names = account_names()
    return [issue_view(row, names) for row in rows[offset : offset + limit]], rows.count()


def next_issue(issue_id: str) -> str | None:
    """The open issue that follows in the list, so that one can work through it."""
    row = issue_row(issue_id)
    rows = Issue.objects.filter(state="open").exclude(pk=row.pk)
    same = rows.filter(rule=row.rule).order_by("-weight", "pk").first()
    following = same or rows.order_by("rule", "-weight", "pk").first()
    return following.public_id if following else None


def open_counts() -> dict[str, int]:
    """Open issues by rule."""
    rows = Issue.objects.filter(state="open").values_list("rule").annotate(count=Count("pk"))
    return dict(sorted(rows, key=lambda item: -item[1]))


def open_by_account() -> Counter[str]:
    """Open issues by account."""
    rows = Issue.objects.filter(state="open").values_list("account_id").annotate(count=Count("pk"))
    return Counter(dict(rows))


def column_label(column: str) -> str:
    """What a correctable column is called."""
    return str(_COLUMNS.get(column, column))


_COLUMNS = {
    "paid_minor": _("Amount paid"),
    "list_minor": _("Amount at list price"),
    "quantity": _("Pieces"),
    "lifecycle_status": _("State of the order"),
    "name": _("Name"),
    "birthday": _("Birthday"),
}
