"""What processes of a nursery do in tests."""

import os
import subprocess
import sys
import time
from typing import Any

from pyca.runtime.channel import Channel


def echo(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    """Tell all that is known here, and end with the code of the next message."""
    said = [os.read(file, 100).decode() for file in files]
    known = [link for one in os.listdir("/proc/self/fd") if (link := _link(one))]
    channel.send({"pid": os.getpid(), "argument": argument, "said": said, "files": known})
    found = channel.receive(600)
    assert found is not None
    return int(found[0]["code"])


def deaf(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    """Never look at the channel again, and have a child that lives long."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, close_fds=True
    )
    channel.send({"child": child.pid})
    while True:
        time.sleep(600)


def _link(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except FileNotFoundError:
        return ""
