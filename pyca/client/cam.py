"""The client of the camera server, with the methods that programs for cam_server use."""

import base64
import io
import json
from typing import TYPE_CHECKING, Any

from pyca.client.http import Connection, RefusedError
from pyca.core.errors import WireError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ADDRESS = "http://localhost:8888/"
TIMEOUT = 30.0
"""seconds; a first image may have to wait for its camera"""

_CAM = "cam"
_LOGS = "logs"
Reply = dict[str, Any]
"""``{"state": "ok", "status": …}``"""


class CamClient:
    """Asks a camera server. Aliases are taken wherever a camera is named.

    Each method raises a ``ValueError`` with the server's own words (:class:`pyca.client.http.RefusedError`)
    where the server refuses, and a ``ConnectionError`` (:class:`pyca.client.http.UnreachableError`) where
    nobody answers.

    :param address: of the server
    :param timeout: seconds of silence after which the server counts as away
    :param token: of an account, where the server wants one
    """

    def __init__(self, address: str = ADDRESS, timeout: float = TIMEOUT, token: str | None = None) -> None:
        self._server = Connection(address, timeout, token)

    def get_address(self) -> str:
        """Return the address of the server."""
        return self._server.address

    def get_server_info(self) -> dict[str, Any]:
        """Return what the server does: version, running instances, processor, memory and rates."""
        return dict(self._server.field("info", "GET", _CAM, "info"))

    def heartbeat(self) -> Reply:
        """Return version and the statistics of each instance, flat."""
        return self._server.reply("GET", _CAM, "heartbeat")

    def get_version(self) -> str:
        """Return the server's version."""
        return str(self._server.field("version", "GET", _CAM, "version"))

    def get_cameras(self) -> list[str]:
        """Return the names of all cameras."""
        return list(self._server.field("cameras", "GET", _CAM))

    def get_config_names(self) -> list[str]:
        """Return the names of all configurations."""
        return list(self._server.field("config_names", "GET", _CAM, "config_names"))

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
        answer = self._server.ask("GET", _CAM, camera_name, "image", parameters=parameters)
        if answer.kind != "image/png":
            self._server.checked(answer)
            raise RefusedError(f"{self.get_address()} sent {answer.kind} instead of an image")
        return answer.body

    def get_camera_image_bytes(self, camera_name: str) -> dict[str, Any]:
        """Return an image of a camera as ``{"bytes": base64, "shape": [height, width], "dtype": "<u2"}``."""
        return dict(self._server.field("image", "GET", _CAM, camera_name, "image_bytes"))

    def get_camera_array(self, camera_name: str) -> "NDArray[Any]":
        """Return an image of a camera as an array of (height, width). Needs NumPy.

        :raises WireError: where what came is no image
        """
        import numpy as np

        found = self.get_camera_image_bytes(camera_name)
        try:
            shape = tuple(int(size) for size in found["shape"])
            # A copy, because what was received cannot be written to.
            return np.frombuffer(bytearray(base64.b64decode(found["bytes"])), found["dtype"]).reshape(shape)
        except (KeyError, TypeError, ValueError) as error:
            raise WireError(f"{self.get_address()} sent no image of {camera_name}: {error}") from error

    def get_instance_stream(self, camera_name: str) -> str:
        """Return the address of a camera's stream; the camera is started where it does not run."""
        return str(self._server.field("stream", "GET", _CAM, camera_name))

    def is_instance_running(self, camera_name: str) -> bool:
        """Tell whether the stream of a camera runs now."""
        running = self.get_server_info().get("active_instances", {})
        return camera_name in running or self.get_camera_aliases().get(camera_name) in running

    def stop_instance(self, camera_name: str) -> Reply:
        """Stop a camera; nothing happens where it does not run."""
        return self._server.reply("DELETE", _CAM, camera_name)

    def stop_all_instances(self) -> Reply:
        """Stop all cameras of the server."""
        return self._server.reply("DELETE", _CAM)

    def delete_instance(self, camera_name: str) -> Reply:
        """Stop a camera and forget what is known of its running."""
        return self._server.reply("DELETE", _CAM, camera_name, "del")

    def get_logs(self, txt: bool = False) -> Any:
        """Return the last log messages of the server.

        :param txt: as one text, not as a list of ``[time, logger, level, message]``
        """
        return self._logs(_LOGS, *(["txt"] if txt else []))

    def get_instance_logs(self, camera_name: str, txt: bool = False) -> Any:
        """Return the last log messages of a camera.

        :param txt: as one text, not as a list of ``[time, logger, level, message]``
        """
        return self._logs(_LOGS, "instance", camera_name, *(["txt"] if txt else []))

    def set_background_image_array(self, background_name: str, image: "np.ndarray[Any, Any]") -> Reply:
        """Store an image that can be named as ``image_background`` of a camera. Needs NumPy.

        :param image: (height, width)
        """
        import numpy as np

        body = io.BytesIO()
        np.save(body, image, allow_pickle=False)
        where = (_CAM, "background", background_name, "image_bytes")
        return self._server.reply("PUT", *where, body=body.getvalue(), kind="application/x-npy")

    def get_user_scripts(self) -> list[str]:
        """Return the names of all user scripts."""
        return list(self._server.field("scripts", "GET", _CAM, "script"))

    def get_user_script(self, script_name: str) -> str:
        """Return the text of a user script."""
        return str(self._server.field("script", "GET", _CAM, "script", script_name, "script_bytes"))

    def set_user_script(self, script_name: str, script: str) -> Reply:
        """Store a user script."""
        where = (_CAM, "script", script_name, "script_bytes")
        return self._server.reply("PUT", *where, body=script.encode(), kind="text/plain; charset=utf-8")

    def delete_user_script(self, script_name: str) -> Reply:
        """Delete a user script."""
        return self._server.reply("DELETE", _CAM, "script", script_name, "script_bytes")

    def _logs(self, *path: str) -> Any:
        answer = self._server.ask("GET", *path)
        if answer.kind == "text/plain" and answer.status == 200:
            return answer.body.decode("utf-8", "replace")
        return self._server.checked(answer)["logs"]
