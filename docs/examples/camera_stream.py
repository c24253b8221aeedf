"""Read one image of a camera's stream, with any bsread client: ``camera_stream.py [ADDRESS [CAMERA]]``."""

import sys

from bsread import SUB, source

from pyca.client import CamClient
from pyca.client.utils import get_host_port_from_stream_address

address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8888/"
camera = sys.argv[2] if len(sys.argv) > 2 else "simulation"

# Initialize the client.
camera_client = CamClient(address)

# Get stream address of simulation camera. Stream address in format tcp://hostname:port.
camera_stream_address = camera_client.get_instance_stream(camera)

# Extract the stream hostname and port from the stream address.
camera_host, camera_port = get_host_port_from_stream_address(camera_stream_address)

# Subscribe to the stream.
with source(host=camera_host, port=camera_port, mode=SUB) as stream:
    # Receive next message.
    data = stream.receive()

image_width = data.data.data["width"].value
image_height = data.data.data["height"].value
image_bytes = data.data.data["image"].value

print(f"Image size: {image_width} x {image_height}")
print(f"Image data: {image_bytes}")
