"""The collector as a process of its own, without Django: starts at once, so that it can be killed often.

python light.py <folder of the spool> <port>
"""

import asyncio
import sys
import time
from pathlib import Path

from shuke.config.collecting import serve
from shuke.sources.collector.asgi import Collector
from shuke.sources.collector.grants import Grant, key_hash
from shuke.sources.collector.spool import Spool
from shuke.sources.collector.writing import GroupWriter

KEY = "wk_light"
SOURCE = "src_0000000000000000"


def main(folder: str, port: str, source: str = SOURCE) -> None:
    collector = Collector(
        writer=GroupWriter(Spool(Path(folder))),
        load_grants=lambda: {key_hash(KEY): Grant(source, "server")},
        clock=lambda: time.time_ns() // 1000,
    )
    asyncio.run(serve(collector, host="127.0.0.1", port=int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
