"""Record what the screen panel of a camera shows, until Ctrl-C: ``record_camera.py CAMERA FILE``."""

import argparse
import signal
import sys
from contextlib import closing, suppress

from pyca.bsread.receiver import Receiver
from pyca.client.pipeline import PipelineClient
from pyca.core.errors import PycaError, WireError
from pyca.pipeline.record.layouts import Layout
from pyca.pipeline.record.writer import Writer

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("camera")
parser.add_argument("file")
parser.add_argument("-a", "--address", default="http://localhost:8889/", help="of the pipeline server")
parser.add_argument("-s", "--stream", help="address of a stream, instead of the panel's")
parser.add_argument("-n", "--messages", type=int, help="end after so many")
parser.add_argument("-l", "--layout", default="DEFAULT", help=", ".join(Layout))
options = parser.parse_args()

# Being ended by another program is like Ctrl-C: the file is closed.
signal.signal(signal.SIGTERM, signal.default_int_handler)

try:
    # Screen panel defines the instance name as: [CAMERA_NAME]_sp1
    stream = options.stream or PipelineClient(options.address).get_instance_stream(f"{options.camera}_sp1")
    print(stream, flush=True)
    receiver = Receiver(stream)
    receiver.open()
    # Sizes of images change where somebody chooses another region in the panel.
    writer = Writer(options.file, layout=options.layout, change=True, records=options.messages)
    with closing(receiver), closing(writer), suppress(KeyboardInterrupt):
        while options.messages is None or writer.rows < options.messages:
            try:
                message = receiver.receive(1)
            except WireError as error:
                print(error, file=sys.stderr)
                continue
            if message is None:
                writer.flush()
            else:
                writer.write(message)
    print(f"{writer.rows} messages are in {options.file}")
except (PycaError, ValueError, ConnectionError) as error:
    sys.exit(str(error))
