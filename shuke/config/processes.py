"""The processes that ``shuke serve`` starts: console, relay, collector, loader.  The worker is in platform/jobs."""

import ctypes
import logging
import os
import signal
import sys
import threading
import time

from shuke.platform.observability.logs import bind_process

log = logging.getLogger("shuke.relay")
PR_SET_PDEATHSIG = 1
RELAY_SECONDS = 2.0
LONGEST_RELAY_PAUSE_SECONDS = 60.0
#: A part smaller than this means that the loader has caught up: it lets events gather before the next commit.
CAUGHT_UP_BYTES = 8 * 2**20
LOADER_SECONDS = 2.0
TEND_SECONDS = 3600.0


def end_with_parent() -> None:
    """See to it that this process does not outlive its parent, even one that was killed.

    Linux sends SIGKILL by itself; elsewhere a thread watches.  Call it in the main thread.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        return
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def end_with_supervisor() -> None:
    """The same, if this process was started by ``shuke serve``."""
    supervisor = os.environ.get("SHUKE_SUPERVISOR_PID")
    if supervisor is None:
        return
    if str(os.getppid()) != supervisor:
        os._exit(1)
    end_with_parent()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def run_console(*, host: str, port: int) -> None:
    """Serve the console and the API until a stop signal: WSGI on four threads."""
    from django.conf import settings
    from django.utils.log import configure_logging
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    end_with_supervisor()
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    bind_process("console")
    Granian(
        "shuke.config.wsgi:console",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        # Its messages go the way of all others, as structured lines.
        log_dictconfig={
            "formatters": {},
            "handlers": {},
            "loggers": {"_granian": {"handlers": [], "propagate": True}},
        },
    ).serve()


def run_relay() -> None:
    """Move outbox rows to the lake every two seconds until a stop signal; after a fault, less often."""
    from django.db import close_old_connections

    from shuke.platform.observability.metrics import observe_relayed
    from shuke.platform.outbox.relay import relay_once, replay

    end_with_supervisor()
    bind_process("relay")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pause, has_replayed = RELAY_SECONDS, False
    while not stop.is_set():
        moved = 0
        try:
            # After a power cut the lake's tail may be missing: start by sending it again.
            if not has_replayed:
                replay()
                has_replayed = True
            moved = relay_once()
            observe_relayed(moved)
            pause = RELAY_SECONDS
        except Exception:
            log.exception("relay failed")
            pause = min(pause * 2, LONGEST_RELAY_PAUSE_SECONDS)
        close_old_connections()
        if not moved:
            stop.wait(pause)


def run_collector(*, host: str, port: int) -> None:
    """Take events in until a stop signal; what was received by then is kept."""
    import asyncio

    from shuke.config.collecting import configured_collector, serve
    from shuke.sources.collector.spool import SpoolBusy

    end_with_supervisor()
    bind_process("collector")
    try:
        asyncio.run(serve(configured_collector(), host=host, port=port))
    except SpoolBusy as error:
        raise SystemExit(f"{error} Is another collector running in this home directory?") from error


def run_loader() -> None:
    """Move collected events and answers of slots to the lake until a stop signal; after a fault, less often."""
    from django.db import close_old_connections

    from shuke.apps.collector.operations import load_once, tend_spool
    from shuke.apps.recommendations.operations.loading import load_lists, tend_lists
    from shuke.platform.clock import now

    end_with_supervisor()
    bind_process("loader")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pause, tend_at = LOADER_SECONDS, time.monotonic()
    while not stop.is_set():
        size = 0
        try:
            size = load_once(at=now()).size
            load_lists()
            if time.monotonic() >= tend_at and size < CAUGHT_UP_BYTES:
                tend_at = time.monotonic() + TEND_SECONDS
                tend_spool(at=now())
                tend_lists(at=now())
            pause = LOADER_SECONDS
        except Exception:
            logging.getLogger("shuke.loader").exception("loading failed")
            pause = min(pause * 2, LONGEST_RELAY_PAUSE_SECONDS)
        close_old_connections()
        if size < CAUGHT_UP_BYTES:
            stop.wait(pause)
