"""Every read of data quality."""

from shuke.apps.quality.queries.corrections import corrections_page, member_record
from shuke.apps.quality.queries.issues import (
    account_names,
    column_label,
    issue,
    issues_page,
    next_issue,
    open_counts,
)
from shuke.apps.quality.queries.scores import sources

__all__ = [
    "account_names",
    "column_label",
    "corrections_page",
    "issue",
    "issues_page",
    "member_record",
    "next_issue",
    "open_counts",
    "sources",
]
