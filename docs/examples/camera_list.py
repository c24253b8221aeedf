"""List the cameras of a server, and keep a picture of one: ``camera_list.py [ADDRESS]``."""

import sys
from pathlib import Path

from pyca.client import CamClient

client = CamClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8888/")

for name in client.get_cameras():
    state = "online" if client.is_camera_online(name) else "offline"
    print(f"{name}: {state}")
    if state == "online":
        print(f"{name}: {client.get_camera_geometry(name)}")
        Path(f"{name}.png").write_bytes(client.get_camera_image(name, scale=0.5, colormap="viridis"))
