"""The client of the camera server, with the methods that programs for cam_server use."""

import json
from typing import TYPE_CHECKING, Any, ClassVar

from pyca.client.common import TIMEOUT, ImagingClient, Reply
from pyca.client.utils import is_at_hand

if TYPE_CHECKING:
    from numpy.typing import NDArray

ADDRESS = "http://localhost:8888/"

_CAM = "cam"


class CamClient(ImagingClient):
    """Asks a camera server. Aliases are taken wherever a camera is named.

    Each method raises a ``ValueError`` with the server's own words (:class:`pyca.client.http.RefusedError`)
    where the server refuses, whose ``advice`` is what it says beside that, such as why an instance has
    ended; and a ``ConnectionError`` (:class:`pyca.client.http.UnreachableError`) where nobody answers.

    :param address: of the server
    :param timeout: seconds of silence after which the server counts as away
    :param token: of an account, where the server wants one
    """

    below: ClassVar[str] = _CAM

    def __init__(self, address: str = ADDRESS, timeout: float = TIMEOUT, token: str | None = None) -> None:
        super().__init__(address, timeout, token)

    def get_cameras(self) -> list[str]:
        """Return the names of all cameras."""
        return list(self._server.field("cameras", "GET", _CAM))

    def get_camera_aliases(self) -> dict[str, str]:
        """Return the name of the camera of each alias."""
        return dict(self._server.field("aliases", "GET", _CAM, "aliases"))

    def get_camera_groups(self) -> dict[str, list[str]]:
        """Return the names of the cameras of each group."""
        return dict(self._server.field("groups", "GET", _CAM, "groups"))

    def get_camera_config(self, camera_name: str) -> dict[str, Any]:
        """Return the configuration of a camera, defaults included."""
        return dict(self._server.field("config", "GET", _CAM, camera_name, "config"))

    def set_camera_config(self, camera_name: str, configuration: dict[str, Any]) -> dict[str, Any]:
        """Store the configuration of a camera, which a running one follows at once.

        :return: what is stored, defaults included
        """
        body = json.dumps(configuration).encode()
        return dict(self._server.field("config", "POST", _CAM, camera_name, "config", body=body))

    def delete_camera_config(self, camera_name: str) -> Reply:
        """Delete the configuration of a camera."""
        return self._server.reply("DELETE", _CAM, camera_name, "config")

    def rename_camera(self, camera_name: str, new_name: str) -> str:
        """Give a camera another name, which is returned; it is stopped. Not known to cam_server."""
        body = json.dumps({"name": new_name}).encode()
        return str(self._server.field("name", "POST", _CAM, camera_name, "rename", body=body))

    def is_camera_online(self, camera_name: str) -> bool:
        """Tell whether a camera answers."""
        return bool(self._server.field("online", "GET", _CAM, camera_name, "is_online"))

    def get_camera_geometry(self, camera_name: str) -> list[int]:
        """Return width and height of the images of a camera, in pixels, as they are sent."""
        return list(self._server.field("geometry", "GET", _CAM, camera_name, "geometry"))

    def get_camera_image(
        self,
        camera_name: str,
        raw: bool = False,
        scale: float | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        colormap: str | None = None,
    ) -> bytes:
        """Return an image of a camera as PNG.

        :param raw: as the camera sends it: not mirrored, rotated or cut
        :param scale: factor of its size, up to 1
        :param min_value: what is subtracted first, by default nothing; what would be below 0 becomes 0
        :param max_value: what is above, after the subtraction, becomes this; the maximum is brightest
        :param colormap: its name, such as ``viridis``; by default ``rainbow``
        """
        parameters = {
            "raw": 1 if raw else None,
            "scale": scale,
            "min_value": min_value,
            "max_value": max_value,
            "colormap": colormap,
        }
        return self._picture((camera_name, "image"), parameters)

    def get_camera_image_bytes(self, camera_name: str) -> dict[str, Any]:
        """Return an image of a camera as ``{"bytes": base64, "shape": [height, width], "dtype": "<u2"}``."""
        return dict(self._server.field("image", "GET", _CAM, camera_name, "image_bytes"))

    def get_camera_array(self, camera_name: str) -> "NDArray[Any]":
        """Return an image of a camera as an array of (height, width). Needs NumPy.

        :raises WireError: where what came is no image
        """
        return self._array(self.get_camera_image_bytes(camera_name), camera_name)

    def get_instance_stream(self, camera_name: str) -> str:
        """Return the address of a camera's stream; the camera is started where it does not run."""
        return str(self._server.field("stream", "GET", _CAM, camera_name))

    def get_nearest_stream(self, camera_name: str) -> str:
        """Return the address at which this program gets a camera's stream fastest.

        That is a Unix socket (``ipc://…``) where the camera runs on this machine and lets us in, else what
        :meth:`get_instance_stream` returns; the camera is started where it does not run.
        """
        reply = self._server.reply("GET", _CAM, camera_name)
        local = str(reply.get("local", ""))
        return local if is_at_hand(local) else str(self._server.picked(reply, "stream")[0])

    def is_instance_running(self, camera_name: str) -> bool:
        """Tell whether the stream of a camera runs now."""
        running = self.get_server_info().get("active_instances", {})
        return camera_name in running or self.get_camera_aliases().get(camera_name) in running

    def stop_instance(self, camera_name: str) -> Reply:
        """Stop a camera; nothing happens where it does not run."""
        return super().stop_instance(camera_name)

    def delete_instance(self, camera_name: str) -> Reply:
        """Stop a camera and forget what is known of its running."""
        return super().delete_instance(camera_name)

    def get_instance_logs(self, camera_name: str, txt: bool = False) -> Any:
        """Return the last log messages of a camera.

        :param txt: as one text, not as a list of ``[time, logger, level, message]``
        """
        return super().get_instance_logs(camera_name, txt)
