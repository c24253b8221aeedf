"""The client of the pipeline server, with the methods that programs for cam_server use."""

import base64
import json
import time
from typing import TYPE_CHECKING, Any, ClassVar

from pyca.client.common import TIMEOUT, ImagingClient, Reply
from pyca.client.http import RefusedError, UnreachableError
from pyca.core.errors import ImagingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyca.bsread.message import Message

ADDRESS = "http://localhost:8889/"
USUAL_IMAGES = 10
"""of a background, where nobody says how many"""
SECONDS_PER_IMAGE = 2.0
"""that a slow camera may take, when a background is collected"""
LOOK_SECONDS = 0.2
"""after which an instance that shall end is asked again"""

_PIPELINE, _INSTANCE = "pipeline", "instance"
_NOT_FOUND = 404


class LateError(ImagingError, TimeoutError):
    """Something did not happen in time."""


class PipelineClient(ImagingClient):
    """Asks a pipeline server.

    Each method raises a ``ValueError`` with the server's own words (:class:`pyca.client.http.RefusedError`)
    where the server refuses, whose ``advice`` is what it says beside that, such as why an instance has
    ended; and a ``ConnectionError`` (:class:`pyca.client.http.UnreachableError`) where nobody answers.

    :param address: of the server
    :param timeout: seconds of silence after which the server counts as away
    :param token: of an account, where the server wants one
    """

    below: ClassVar[str] = _PIPELINE

    def __init__(self, address: str = ADDRESS, timeout: float = TIMEOUT, token: str | None = None) -> None:
        super().__init__(address, timeout, token)

    def get_pipelines(self) -> list[str]:
        """Return the names of all saved pipelines."""
        return list(self._server.field("pipelines", "GET", _PIPELINE))

    def get_pipeline_groups(self) -> dict[str, list[str]]:
        """Return the names of the pipelines of each group."""
        return dict(self._server.field("groups", "GET", _PIPELINE, "groups"))

    def get_pipeline_config(self, pipeline_name: str) -> dict[str, Any]:
        """Return the configuration of a saved pipeline, defaults included."""
        return dict(self._server.field("config", "GET", _PIPELINE, pipeline_name, "config"))

    def save_pipeline_config(self, pipeline_name: str, configuration: dict[str, Any]) -> dict[str, Any]:
        """Store the configuration of a pipeline; instances that run go on as they are.

        :return: what is stored, defaults included
        """
        return dict(self._sent("config", configuration, pipeline_name, "config"))

    def delete_pipeline_config(self, pipeline_name: str) -> Reply:
        """Delete the configuration of a pipeline."""
        return self._server.reply("DELETE", _PIPELINE, pipeline_name, "config")

    def rename_pipeline(self, pipeline_name: str, new_name: str) -> str:
        """Give a saved pipeline another name, which is returned. Not known to cam_server."""
        return str(self._sent("name", {"name": new_name}, pipeline_name, "rename"))

    def create_instance_from_config(
        self, configuration: dict[str, Any], instance_id: str | None = None
    ) -> tuple[str, str]:
        """Make an instance of a configuration, which can be changed.

        :param instance_id: by which it shall be known; by default one that nobody has
        :return: its id and the address of its stream
        """
        body = json.dumps(configuration).encode()
        return self._made(body=body, parameters={"instance_id": instance_id})

    def create_instance_from_name(
        self,
        pipeline_name: str,
        instance_id: str | None = None,
        additional_config: dict[str, Any] | None = None,
    ) -> tuple[str, str]:
        """Make an instance of a saved pipeline, which can be changed.

        :param instance_id: by which it shall be known; by default one that nobody has
        :param additional_config: keys that are other than those of the saved pipeline
        :return: its id and the address of its stream
        """
        additional = None if additional_config is None else json.dumps(additional_config)
        parameters = {"instance_id": instance_id, "additional_config": additional}
        return self._made(pipeline_name, parameters=parameters)

    def get_instance_stream(self, instance_id: str) -> str:
        """Return the address of an instance's stream.

        Where there is none of this id, the saved pipeline of this name is started, and cannot be changed.
        """
        return str(self._server.field("stream", "GET", _PIPELINE, _INSTANCE, instance_id))

    def get_instance_stream_from_config(self, configuration: dict[str, Any]) -> tuple[str, str]:
        """Return the instance of a configuration that all share who want the same; it cannot be changed.

        :return: its id and the address of its stream
        """
        return self._made(_INSTANCE, slash=True, body=json.dumps(configuration).encode())

    def get_instance_info(self, instance_id: str) -> dict[str, Any]:
        """Return what an instance does: stream, configuration and statistics."""
        return dict(self._server.field("info", "GET", _PIPELINE, _INSTANCE, instance_id, "info"))

    def get_instance_config(self, instance_id: str) -> dict[str, Any]:
        """Return the configuration of an instance, defaults included."""
        return dict(self._server.field("config", "GET", _PIPELINE, _INSTANCE, instance_id, "config"))

    def set_instance_config(self, instance_id: str, configuration: dict[str, Any]) -> dict[str, Any]:
        """Change the configuration of an instance, which counts within two frames.

        :param configuration: the keys that shall change; None is the default
        :return: what counts now, defaults included
        """
        return dict(self._sent("config", configuration, _INSTANCE, instance_id, "config"))

    def get_instance_exit_code(self, instance_id: str) -> int | None:
        """Return with what code an instance ended, None while it runs."""
        found = self._server.field("exitcode", "GET", _PIPELINE, _INSTANCE, instance_id, "exitcode")
        return None if found is None else int(found)

    def get_instance_message(self, instance_id: str, timeout: float | None = None) -> "Message":
        """Return the next message of an instance's stream, which is started where it does not run.

        Needs NumPy and ZeroMQ. Of a stream in mode PUSH other receivers miss this message.

        :param timeout: seconds, by default those of all requests
        :raises RefusedError: where its type is not “processing”, or it writes to a file
        :raises UnreachableError: where nothing comes
        """
        from pyca.bsread.receiver import Receiver
        from pyca.bsread.sockets import Mode

        stream = self.get_instance_stream(instance_id)
        configuration = self.get_instance_config(instance_id)
        kind = configuration.get("pipeline_type", "processing")
        if kind != "processing":
            raise RefusedError(f"Cannot get message from '{kind}' pipeline type.")
        mode = configuration.get("mode") or "PUB"
        if mode == "FILE":
            raise RefusedError(f"Cannot get message from instance {instance_id}: it writes to a file.")
        wait = self._timeout if timeout is None else timeout
        receiver = Receiver(stream, mode=Mode.PULL if mode == "PUSH" else Mode.SUB)
        receiver.open()
        try:
            message = receiver.receive(wait)
        finally:
            receiver.close()
        if message is None:
            raise UnreachableError(f"{stream} sent nothing within {wait:g} s", "does its camera run?")
        return message

    def wait_instance_completed(self, instance_id: str, timeout: float | None = None) -> int | None:
        """Wait until an instance has ended, and return its exit code, None where nobody knows it any more.

        :param timeout: seconds, None for as long as it takes
        :raises LateError: where it goes on, which is a ``TimeoutError``
        :raises RefusedError: where there was none of this id
        """
        until = None if timeout is None else time.monotonic() + timeout
        is_known = False
        while True:
            try:
                if not self.get_instance_info(instance_id).get("is_stream_active", True):
                    return self.get_instance_exit_code(instance_id)
            except RefusedError as error:
                if error.status != _NOT_FOUND:
                    raise
                return self._code_of_ended(instance_id, is_known)
            is_known = True
            left = LOOK_SECONDS if until is None else until - time.monotonic()
            if left <= 0:
                raise LateError(f"Instance {instance_id} was not completed within {timeout:g} s")
            time.sleep(min(left, LOOK_SECONDS))

    def is_instance_running(self, instance_id: str) -> bool:
        """Tell whether an instance runs now."""
        return instance_id in self.get_server_info().get("active_instances", {})

    def get_cameras(self) -> list[str]:
        """Return the names of all cameras of the camera server."""
        return list(self._server.field("cameras", "GET", _PIPELINE, "camera"))

    def collect_background(
        self, camera_name: str, n_images: int | None = None, timeout: float | None = None
    ) -> str:
        """Take images of a camera, keep their mean as a background, and return its id.

        :param n_images: by default 10
        :param timeout: seconds until all have come, by default two for each beside those of all requests
        """
        images = USUAL_IMAGES if n_images is None else n_images
        wait = self._timeout + SECONDS_PER_IMAGE * images if timeout is None else timeout
        path = (_PIPELINE, "camera", camera_name, "background")
        parameters = {"n_images": n_images}
        return str(self._server.field("background_id", "POST", *path, parameters=parameters, timeout=wait))

    def get_latest_background(self, camera_name: str) -> str:
        """Return the id of the newest background of a camera."""
        return str(self._server.field("background_id", "GET", _PIPELINE, "camera", camera_name, "background"))

    def get_backgrounds(self, camera_name: str) -> list[str]:
        """Return the ids of all backgrounds of a camera, the oldest first."""
        path = (_PIPELINE, "camera", camera_name, "backgrounds")
        return list(self._server.field("background_ids", "GET", *path))

    def get_background_image(
        self,
        background_name: str,
        scale: float | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        colormap: str | None = None,
    ) -> bytes:
        """Return a background as PNG.

        :param scale: factor of its size, up to 1
        :param min_value: what is subtracted first; what would be below 0 becomes 0
        :param max_value: what is above, after the subtraction, becomes this; the maximum is brightest
        :param colormap: its name, such as ``viridis``; by default ``rainbow``
        """
        parameters = {"scale": scale, "min_value": min_value, "max_value": max_value, "colormap": colormap}
        return self._picture(("background", background_name, "image"), parameters)

    def get_background_image_bytes(self, background_name: str) -> dict[str, Any]:
        """Return a background as ``{"bytes": base64, "shape": [height, width], "dtype": "<u2"}``."""
        path = (_PIPELINE, "background", background_name, "image_bytes")
        return dict(self._server.field("image", "GET", *path))

    def get_background_image_array(self, background_name: str) -> "NDArray[Any]":
        """Return a background as an array of (height, width). Needs NumPy.

        :raises WireError: where what came is no image
        """
        return self._array(self.get_background_image_bytes(background_name), background_name)

    def set_background(self, filename: str, data: list[list[int]]) -> Reply:
        """Store a background that is given as rows of numbers from 0 to 65535.

        :param filename: its id
        """
        body = json.dumps({"filename": filename, "data": data}).encode()
        return self._server.reply("POST", _PIPELINE, "background", body=body)

    def get_user_libs(self) -> list[str]:
        """Return the names of all user libraries."""
        return list(self._server.field("libs", "GET", _PIPELINE, "lib"))

    def get_user_lib(self, lib_name: str) -> bytes:
        """Return what a user library holds."""
        path = (_PIPELINE, "lib", lib_name, "lib_bytes")
        found, is_base64 = self._server.fields(("lib", "base64"), "GET", *path)
        return base64.b64decode(found) if is_base64 else str(found).encode()

    def set_user_lib(self, lib_name: str, data: bytes) -> Reply:
        """Store a user library.

        :param data: such as that of a file of Python, a zip, an egg or a shared object
        """
        where = (_PIPELINE, "lib", lib_name, "lib_bytes")
        return self._server.reply("PUT", *where, body=data, kind="application/octet-stream")

    def delete_user_lib(self, lib_name: str) -> Reply:
        """Delete a user library."""
        return self._server.reply("DELETE", _PIPELINE, "lib", lib_name, "lib_bytes")

    def _code_of_ended(self, instance_id: str, is_known: bool) -> int | None:
        """Return the exit code of an instance that does not run; None where nobody knows it any more.

        :param is_known: whether it has run
        :raises RefusedError: where there was none of this id
        """
        try:
            return self.get_instance_exit_code(instance_id)
        except RefusedError as error:
            if is_known and error.status == _NOT_FOUND:
                return None
            raise

    def _sent(self, name: str, value: dict[str, Any], *path: str) -> Any:
        """Send an object as JSON and return a field of the answer."""
        return self._server.field(name, "POST", _PIPELINE, *path, body=json.dumps(value).encode())

    def _made(self, *path: str, **more: Any) -> tuple[str, str]:
        """Have an instance made; return its id and the address of its stream."""
        found, stream = self._server.fields(("instance_id", "stream"), "POST", _PIPELINE, *path, **more)
        return str(found), str(stream)
