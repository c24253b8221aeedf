"""The camera server, asked for cameras and their streams."""

from pyca.client.cam import CamClient
from pyca.client.http import RefusedError, UnreachableError
from pyca.core.errors import MachineError, OfflineError, UnknownNameError

_ANSWER_SECONDS = 20.0
"""a camera may take long to begin"""
_NOT_FOUND = 404


class CameraServer:
    """Asks a camera server. Thread-safe.

    :param address: of the server
    :param token: for it, empty where it wants none
    """

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token

    def names(self) -> list[str]:
        """Return the names of all cameras.

        :raises MachineError: where the server does not answer, or refuses
        """
        try:
            return self._client().get_cameras()
        except (UnreachableError, RefusedError) as error:
            raise self._away(error) from error

    def resolve(self, camera: str) -> str:
        """Return the name that a name or alias of a camera means.

        :raises MachineError: where the server does not answer, or refuses
        """
        try:
            return self._client().get_camera_aliases().get(camera, camera)
        except (UnreachableError, RefusedError) as error:
            raise self._away(error) from error

    def meant(self, camera: str) -> str:
        """Return the same as :meth:`resolve`, and the name as it is where the server does not answer."""
        try:
            return self.resolve(camera)
        except MachineError:
            return camera

    def stream(self, camera: str) -> str:
        """Return the address of a camera's stream, which is started where it does not run.

        :raises UnknownNameError: where there is no such camera
        :raises OfflineError: where it does not answer
        :raises MachineError: where the server does not answer
        """
        try:
            return self._client().get_instance_stream(camera)
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                raise UnknownNameError(f"Camera '{camera}' does not exist.", error.message) from error
            raise OfflineError(error.message, error.remedy) from error
        except UnreachableError as error:
            raise self._away(error) from error

    def _client(self) -> CamClient:
        return CamClient(self._address, _ANSWER_SECONDS, self._token or None)

    def _away(self, error: UnreachableError | RefusedError) -> MachineError:
        text = f"The camera server cannot be asked: {error.message}."
        return MachineError(
            text, f"Start it at {self._address}, or set [pipeline] cameras to where it is, and token."
        )
