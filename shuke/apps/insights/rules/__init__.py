"""What is decided without a database."""

from shuke.apps.insights.rules.overview import (
    PERIODS,
    Period,
    Situation,
    alerts,
    change,
    period_until,
    ratio,
)

__all__ = ["PERIODS", "Period", "Situation", "alerts", "change", "period_until", "ratio"]
