"""Get one message of what the screen panel shows: ``pipeline_message.py [ADDRESS [CAMERA]]``.

Needs NumPy and ZeroMQ (pyCA's extra ``camera``), and no other client.
"""

import sys

from pyca.client import PipelineClient

# Instantiate the pipeline client.
pipeline_client = PipelineClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8889/")

# Name of the camera we want to get a message from.
camera_name = sys.argv[2] if len(sys.argv) > 2 else "simulation"
# Screen panel defines the instance name as: [CAMERA_NAME]_sp1
instance_name = camera_name + "_sp1"

# Get the data.
data = pipeline_client.get_instance_message(instance_name)

print(f"Pulse {data.pulse_id}, {len(data.values)} channels")
print("X center of mass: ", data.values["x_center_of_mass"])
