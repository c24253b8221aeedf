"""Run by the foreign client's Python: sends messages until its input ends.

Arguments: port, PUB or PUSH, compression of values, compression of the header; “none” for neither.
"""

import sys
import threading
import time

from bsread import PUB, PUSH
from bsread.sender import Sender
from values import values


def main():
    port, mode, data, header = sys.argv[1:5]
    sender = Sender(
        port=int(port),
        address="tcp://127.0.0.1",
        mode={"PUB": PUB, "PUSH": PUSH}[mode],
        block=False,
        data_compression=None if data == "none" else data,
        data_header_compression=None if header == "none" else header,
    )
    sender.open()
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    pulse_id = 0
    while not over.is_set():
        sender.send(data=values(pulse_id), pulse_id=pulse_id, timestamp=(1_700_000_000 + pulse_id, 500))
        pulse_id += 1
        time.sleep(0.02)
    sender.close()


main()
