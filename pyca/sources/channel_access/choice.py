"""Which library speaks Channel Access for us."""

import logging
from collections.abc import Callable

from pyca.core.errors import SourceError
from pyca.sources.channel_access.caproto_client import CaprotoClient
from pyca.sources.channel_access.client import Client
from pyca.sources.channel_access.libca import LibcaClient

logger = logging.getLogger(__name__)

LIBRARIES = ("auto", "pyepics", "caproto")
"""what the option ``library`` may be; ``auto`` is the first of the others that is there"""

_HOW = "pip install --editable '.[camera,epics]' in pyCA's source folder, with the pip of its environment"
_MAKE: dict[str, Callable[[], Client]] = {"pyepics": LibcaClient, "caproto": CaprotoClient}


def connect(library: str) -> Client:
    """Load a library and make a client.

    :param library: one of :data:`LIBRARIES`
    :raises SourceError: where it, or none of them, can be used
    """
    wanted = list(_MAKE) if library == "auto" else [library]
    reasons: list[str] = []
    for name in wanted:
        try:
            client = _MAKE[name]()
        except ImportError:
            reasons.append(f"{name} is not installed")
        except SourceError as error:
            reasons.append(error.message)
        else:
            logger.info("Channel Access by %s", name)
            return client
    raise SourceError(f"There is no Channel Access: {'; '.join(reasons)}", _HOW)
