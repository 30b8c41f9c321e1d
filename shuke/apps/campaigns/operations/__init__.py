"""Writing campaigns: drafting, approval, starting, running, stopping."""

from shuke.apps.campaigns.operations.approving import (
    approve_campaign,
    return_campaign,
    submit_campaign,
)
from shuke.apps.campaigns.operations.drafting import (
    change_campaign,
    copy_campaign,
    create_campaign,
    remove_content,
    write_content,
)
from shuke.apps.campaigns.operations.running import continue_campaign
from shuke.apps.campaigns.operations.starting import (
    schedule_campaign,
    start_campaign,
    stop_campaign,
    unschedule_campaign,
)
from shuke.apps.campaigns.operations.trying import send_test

__all__ = [
    "approve_campaign",
    "change_campaign",
    "continue_campaign",
    "copy_campaign",
    "create_campaign",
    "remove_content",
    "return_campaign",
    "schedule_campaign",
    "send_test",
    "start_campaign",
    "stop_campaign",
    "submit_campaign",
    "unschedule_campaign",
    "write_content",
]
