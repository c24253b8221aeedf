"""Process a camera without parameters, and read one message: ``pipeline_stream.py [ADDRESS [CAMERA]]``."""

import sys

from bsread import SUB, source

from pyca.client import PipelineClient
from pyca.client.utils import get_host_port_from_stream_address

# Initialize the client.
pipeline_client = PipelineClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8889/")

# Setup the pipeline config. Use the simulation camera as the pipeline source.
pipeline_config = {"camera_name": sys.argv[2] if len(sys.argv) > 2 else "simulation"}

# Create a new pipeline with the provided configuration. Stream address in format tcp://hostname:port.
instance_id, pipeline_stream_address = pipeline_client.create_instance_from_config(pipeline_config)

# Extract the stream hostname and port from the stream address.
pipeline_host, pipeline_port = get_host_port_from_stream_address(pipeline_stream_address)

# Subscribe to the stream.
with source(host=pipeline_host, port=pipeline_port, mode=SUB) as stream:
    # Receive next message.
    data = stream.receive()

image_width = data.data.data["width"].value
image_height = data.data.data["height"].value
image_bytes = data.data.data["image"].value

print(f"Image size: {image_width} x {image_height}")
print(f"Image data: {image_bytes}")
