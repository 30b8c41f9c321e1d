"""Points in the books."""

from shuke.apps.loyalty.queries.finance.costs import ROLES, account_names, points_costs, rates_of
from shuke.apps.loyalty.queries.finance.movements import roll_forward_findings
from shuke.apps.loyalty.queries.finance.reporting import finance_report, journal_lines, roll_forward, what_if

__all__ = [
    "ROLES",
    "account_names",
    "finance_report",
    "journal_lines",
    "points_costs",
    "rates_of",
    "roll_forward",
    "roll_forward_findings",
    "what_if",
]
