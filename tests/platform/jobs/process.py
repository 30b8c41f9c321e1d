"""A process of its own: ``python -m tests.platform.jobs.process COMMAND …``."""

import json
import os
import signal
import sys
import threading

from django.core.management import call_command
from django.db import connection

from shuke.platform.jobs import enqueue, schedule
from shuke.platform.jobs.worker import new_worker_id, work
from tests.platform.jobs import sample

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.platform.jobs.settings"

import django

django.setup()


def main(command: str, *arguments: str) -> None:
    if command == "migrate":
        call_command("migrate", verbosity=0)
    elif command == "work":
        if arguments:
            schedule("often", sample.write_span, every_seconds=1, kwargs=json.loads(arguments[0]))
        print("working", flush=True)
        work(worker_id=new_worker_id())
    elif command == "crew":
        _crew()
    elif command == "spans":
        folder, count = arguments
        for number in range(int(count)):
            enqueue(sample.write_span, folder, f"job{number}", 0.05 + number % 5 * 0.05)
    elif command == "race":
        _race(*arguments)


def _crew() -> None:
    """Fork a worker for each line read, so that a new one is there at once.  Nothing is connected yet."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work(worker_id=new_worker_id())
            os._exit(0)
        print(pid, flush=True)


def _race(folder: str, threads: str) -> None:
    """Enqueue one key from many threads at the moment all processes are ready."""
    barrier = threading.Barrier(int(threads))
    found = []

    def add() -> None:
        barrier.wait()
        found.extend(
            (key, enqueue(sample.write_span, folder, key, 0.0, unique_key=key).id)
            for key in ("a", "b", "c", "a", "b")
        )
        connection.close()

    print("ready", flush=True)
    sys.stdin.readline()
    running = [threading.Thread(target=add) for _ in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(json.dumps(found), flush=True)


main(*sys.argv[1:])
