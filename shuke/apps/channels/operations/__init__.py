"""Writing messages: queueing, sending, recovery, replies, and the settings of channels."""

from shuke.apps.channels.adapters.contract import ChannelUnavailable
from shuke.apps.channels.operations.queueing import cancel_queued, queue_messages
from shuke.apps.channels.operations.recovery import recover_dead_workers, resolve_uncertain
from shuke.apps.channels.operations.replies import (
    record_click,
    record_delivery_report,
    record_open,
    unsubscribe,
)
from shuke.apps.channels.operations.sending import send_queued
from shuke.apps.channels.operations.settings import change_email_settings, test_email_connection
from shuke.apps.channels.operations.trying import send_test_message
from shuke.apps.channels.operations.unmasking import unmask_message

__all__ = [
    "ChannelUnavailable",
    "cancel_queued",
    "change_email_settings",
    "queue_messages",
    "record_click",
    "record_delivery_report",
    "record_open",
    "recover_dead_workers",
    "resolve_uncertain",
    "send_queued",
    "send_test_message",
    "test_email_connection",
    "unmask_message",
    "unsubscribe",
]
