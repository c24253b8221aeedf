"""Make a camera, change it and delete it: ``camera_new.py [ADDRESS]``."""

import sys

from pyca.client import CamClient

# Initialize the camera client.
cam_client = CamClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8888/")

# Specify the desired camera config.
camera_config = {
    "name": "camera_example_3",
    "source": "EPICS:CAM1:EXAMPLE",
    "source_type": "epics",
    "mirror_x": False,
    "mirror_y": False,
    "rotate": 0,
    "camera_calibration": {
        "reference_marker": [0, 0, 100, 100],
        "reference_marker_width": 100.0,
        "reference_marker_height": 100.0,
        "angle_horizontal": 0.0,
        "angle_vertical": 0.0,
    },
}

# Specify the new camera name.
new_camera_name = "new_camera_name"

# Save the camera configuration.
print(cam_client.set_camera_config(new_camera_name, camera_config)["name"])

# Change it.
camera_config["rotate"] = 1
cam_client.set_camera_config(new_camera_name, camera_config)
print(cam_client.get_camera_config(new_camera_name)["rotate"])

# Delete it again.
cam_client.delete_camera_config(new_camera_name)
print(new_camera_name in cam_client.get_cameras())
