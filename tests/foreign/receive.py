"""Run by the foreign client's Python: receives messages and tells what did not come through, a line for each.

Arguments: port, SUB or PULL, number of messages.
"""

import json
import sys

from bsread import PULL, SUB, source
from values import differences


def _stamp(one):
    return "none" if one.timestamp is None else f"{one.timestamp}.{one.timestamp_offset:09}"


def main():
    port, mode, count = sys.argv[1:4]
    with source(host="127.0.0.1", port=int(port), mode={"SUB": SUB, "PULL": PULL}[mode]) as stream:
        for _ in range(int(count)):
            message = stream.receive()
            data = message.data
            pulse_id = data.pulse_id
            found = {name: one.value for name, one in data.data.items()}
            told = {
                "pulse_id": pulse_id,
                "wrong": differences(found, pulse_id),
                "seconds": data.global_timestamp,
                "nanoseconds": data.global_timestamp_offset,
                "changed": data.format_changed,
                "stamps": sorted({_stamp(one) for one in data.data.values()}),
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


main()
