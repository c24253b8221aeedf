"""Images of a camera, whose stream the camera server is asked for."""

from pyca.client.cam import CamClient
from pyca.core.errors import OfflineError, PycaError
from pyca.pipeline.instance.asked_feed import AskedFeed
from pyca.pipeline.instance.stream_feed import StreamFeed

_ANSWER_SECONDS = 20.0
"""a camera may take long to begin"""


class CameraFeed(AskedFeed):
    """Receives a camera's stream.

    :param camera: its name, or an alias
    :param server: address of the camera server
    :param token: for it, empty where it wants none
    """

    def __init__(self, camera: str, server: str, token: str) -> None:
        client = CamClient(server, _ANSWER_SECONDS, token or None)

        def ask() -> str:
            try:
                return client.get_nearest_stream(camera)
            except PycaError as error:
                text = f"Camera {camera} is not online. Cannot start pipeline."
                raise OfflineError(text, str(error)) from error

        super().__init__(ask, StreamFeed, "camera server")
