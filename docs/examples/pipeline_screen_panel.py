"""Read what the screen panel of a camera shows: ``pipeline_screen_panel.py [ADDRESS [CAMERA]]``."""

import sys

from bsread import SUB, source

from pyca.client import PipelineClient
from pyca.client.utils import get_host_port_from_stream_address

# Create a pipeline client.
client = PipelineClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8889/")

# Define the camera name you want to read. This should be the same camera you are streaming in screen panel.
camera_name = sys.argv[2] if len(sys.argv) > 2 else "simulation"

# Format of the instance id when screen_panel creates a pipeline.
pipeline_instance_id = camera_name + "_sp1"

# Get the stream for the pipeline instance.
stream_address = client.get_instance_stream(pipeline_instance_id)

# Extract the stream host and port from the stream_address.
stream_host, stream_port = get_host_port_from_stream_address(stream_address)

# Open connection to the stream. When exiting the 'with' section, the source disconnects by itself.
with source(host=stream_host, port=stream_port, mode=SUB) as input_stream:
    input_stream.connect()

    # Read one message.
    message = input_stream.receive()

    # Print out the received stream data - dictionary.
    print("Dictionary with data:\n", message.data.data)

    # Print out the X center of mass.
    print("X center of mass: ", message.data.data["x_center_of_mass"].value)
