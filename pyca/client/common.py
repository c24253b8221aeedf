"""What is asked of a camera server and of a pipeline server alike."""

import base64
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from pyca.client.http import Connection, Parameters, RefusedError
from pyca.core.errors import WireError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TIMEOUT = 30.0
"""seconds; a first image may have to wait for its camera"""

_LOGS = "logs"
Reply = dict[str, Any]
"""``{"state": "ok", "status": …}``"""


class ImagingClient:
    """Asks a camera server or a pipeline server.

    :param address: of the server
    :param timeout: seconds of silence after which the server counts as away
    :param token: of an account, where the server wants one
    """

    below: ClassVar[str]
    """the part of all addresses behind ``/api/v1``"""

    def __init__(self, address: str, timeout: float = TIMEOUT, token: str | None = None) -> None:
        self._timeout = timeout
        self._server = Connection(address, timeout, token)

    def get_address(self) -> str:
        """Return the address of the server."""
        return self._server.address

    def get_server_info(self) -> dict[str, Any]:
        """Return what the server does: version, running instances, processor, memory and rates."""
        return dict(self._server.field("info", "GET", self.below, "info"))

    def heartbeat(self) -> Reply:
        """Return version and the statistics of each instance, flat."""
        return self._server.reply("GET", self.below, "heartbeat")

    def get_version(self) -> str:
        """Return the server's version."""
        return str(self._server.field("version", "GET", self.below, "version"))

    def get_config_names(self) -> list[str]:
        """Return the names of all configurations."""
        return list(self._server.field("config_names", "GET", self.below, "config_names"))

    def stop_instance(self, instance_id: str) -> Reply:
        """Stop an instance; nothing happens where it does not run."""
        return self._server.reply("DELETE", self.below, instance_id)

    def stop_all_instances(self) -> Reply:
        """Stop all instances of the server."""
        return self._server.reply("DELETE", self.below)

    def delete_instance(self, instance_id: str) -> Reply:
        """Stop an instance and forget what is known of its running."""
        return self._server.reply("DELETE", self.below, instance_id, "del")

    def get_logs(self, txt: bool = False) -> Any:
        """Return the last log messages of the server.

        :param txt: as one text, not as a list of ``[time, logger, level, message]``
        """
        return self._logs(_LOGS, *(["txt"] if txt else []))

    def get_instance_logs(self, instance_id: str, txt: bool = False) -> Any:
        """Return the last log messages of an instance.

        :param txt: as one text, not as a list of ``[time, logger, level, message]``
        """
        return self._logs(_LOGS, "instance", instance_id, *(["txt"] if txt else []))

    def get_user_scripts(self) -> list[str]:
        """Return the names of all user scripts."""
        return list(self._server.field("scripts", "GET", self.below, "script"))

    def get_user_script(self, script_name: str) -> str:
        """Return the text of a user script."""
        return str(self._server.field("script", "GET", self.below, "script", script_name, "script_bytes"))

    def set_user_script(self, script_name: str, script: str) -> Reply:
        """Store a user script."""
        where = (self.below, "script", script_name, "script_bytes")
        return self._server.reply("PUT", *where, body=script.encode(), kind="text/plain; charset=utf-8")

    def delete_user_script(self, script_name: str) -> Reply:
        """Delete a user script."""
        return self._server.reply("DELETE", self.below, "script", script_name, "script_bytes")

    def set_background_image_array(self, background_name: str, image: "np.ndarray[Any, Any]") -> Reply:
        """Store an image that can be named as ``image_background``. Needs NumPy.

        :param image: (height, width)
        """
        import numpy as np

        body = io.BytesIO()
        np.save(body, image, allow_pickle=False)
        where = (self.below, "background", background_name, "image_bytes")
        return self._server.reply("PUT", *where, body=body.getvalue(), kind="application/x-npy")

    def _picture(self, path: Iterable[str], parameters: Parameters) -> bytes:
        answer = self._server.ask("GET", self.below, *path, parameters=parameters)
        if answer.kind != "image/png":
            self._server.checked(answer)
            raise RefusedError(f"{self.get_address()} sent {answer.kind} instead of an image")
        return answer.body

    def _array(self, found: dict[str, Any], of: str) -> "NDArray[Any]":
        """Return the image whose values were told, (height, width).

        :raises WireError: where they are none
        """
        import numpy as np

        try:
            shape = tuple(int(size) for size in found["shape"])
            # A copy, because what was received cannot be written to.
            return np.frombuffer(bytearray(base64.b64decode(found["bytes"])), found["dtype"]).reshape(shape)
        except (KeyError, TypeError, ValueError) as error:
            raise WireError(f"{self.get_address()} sent no image of {of}: {error}") from error

    def _logs(self, *path: str) -> Any:
        answer = self._server.ask("GET", *path)
        if answer.kind == "text/plain" and answer.status == 200:
            return answer.body.decode("utf-8", "replace")
        return self._server.checked(answer)["logs"]
