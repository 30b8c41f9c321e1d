"""What others see of the audit."""

from datetime import datetime
from typing import Any

from ninja import Schema


class AuditView(Schema):
    """One act."""

    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    verb: str
    subject_kind: str
    subject_id: str
    changes: dict[str, Any]
