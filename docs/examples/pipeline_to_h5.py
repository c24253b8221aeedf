"""Save a camera's stream to a file: ``pipeline_to_h5.py [ADDRESS [CAMERA [FILE [MESSAGES]]]]``."""

import sys

from pyca.bsread.receiver import Receiver
from pyca.client.pipeline import PipelineClient
from pyca.pipeline.record.writer import Writer

given = dict(enumerate(sys.argv))
address = given.get(1, "http://localhost:8889/")
camera_name = given.get(2, "simulation")
file_name = given.get(3, "output.h5")
n_messages = int(given.get(4, "10"))

client = PipelineClient(address)

instance_id, stream_address = client.create_instance_from_config({"camera_name": camera_name})

receiver = Receiver(stream_address)
receiver.open()
writer = Writer(file_name, records=n_messages)
try:
    # The output file 'output.h5' has 10 images from the simulation camera stream.
    while writer.rows < n_messages:
        message = receiver.receive(10)
        if message is None:
            sys.exit(f"Nothing comes from {stream_address}")
        writer.write(message)
finally:
    writer.close()
    receiver.close()
print(f"{writer.rows} messages of {camera_name} are in {file_name}")
