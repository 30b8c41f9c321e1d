"""Terms that several tests of benefits share."""

from datetime import UTC, date, datetime

from shuke.apps.loyalty.operations.benefit_terms import publish_benefits, save_benefit_draft
from shuke.platform.permissions import SYSTEM

NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # noon of 27 November in Shanghai

TERMS = [
    {"code": "trial", "kind": "trial", "period": "month", "names": {"en": "Trial", "zh-hans": "试用"},
     "cells": {"*": {"count": 2}}},
    {"code": "lounge", "kind": "other", "period": "year", "names": {"en": "Lounge"}, "cells": {"*": {"count": 5}}},
    {"code": "off", "kind": "discount", "names": {"en": "Member price"},
     "cells": {"*": {"numerator": 1, "denominator": 100}, "plan:card": {"numerator": 1, "denominator": 20}}},
    {"code": "more", "kind": "points", "names": {"en": "More points"},
     "cells": {"plan:card": {"numerator": 3, "denominator": 2}}},
    {"code": "ship", "kind": "shipping", "period": "month", "names": {"en": "Free shipping"},
     "cells": {"*": {"from_minor": 9900}, "plan:card": {"from_minor": 0, "count": 1}}},
]  # fmt: skip


def publish(terms, *, starts_on=date(2026, 1, 5), at=None) -> None:
    """Let these terms hold from a day on; ``at`` is that day by default."""
    moment = at or datetime.combine(starts_on, NOON.timetz())
    save_benefit_draft(actor=SYSTEM, at=moment, benefits=terms)
    publish_benefits(actor=SYSTEM, at=moment, starts_on=starts_on)
