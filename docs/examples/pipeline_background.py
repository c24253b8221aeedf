"""Subtract the background of a camera: ``pipeline_background.py [ADDRESS [CAMERA]]``."""

import sys

from bsread import SUB, source

from pyca.client import PipelineClient
from pyca.client.utils import get_host_port_from_stream_address

camera_name = sys.argv[2] if len(sys.argv) > 2 else "simulation"

# Initialize the client.
pipeline_client = PipelineClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8889/")

# Collect the background for the given camera.
background_id = pipeline_client.collect_background(camera_name)
print(f"Background: {background_id}")

# Setup the pipeline config. Use the simulation camera as the pipeline source, and the collected background.
# “background_id” is short for {"image_background": background_id, "image_background_enable": True}.
pipeline_config = {"camera_name": camera_name, "background_id": background_id}

# Create a new pipeline with the provided configuration. Stream address in format tcp://hostname:port.
instance_id, pipeline_stream_address = pipeline_client.create_instance_from_config(pipeline_config)
print(f"Subtracted: {pipeline_client.get_instance_config(instance_id)['image_background']}")

# Continue as in the example pipeline_stream.py.
pipeline_host, pipeline_port = get_host_port_from_stream_address(pipeline_stream_address)
with source(host=pipeline_host, port=pipeline_port, mode=SUB) as stream:
    data = stream.receive()

print(f"Intensity: {data.data.data['intensity'].value}")
