"""The configuration that the server shows to those who schedule."""

import hashlib
import json
import logging
from collections.abc import Mapping
from itertools import pairwise

from pyca.config.settings import Settings
from pyca.opencast.agent import configuration

logger = logging.getLogger(__name__)


def describe(settings: Settings) -> dict[str, str]:
    """Return the agent's configuration document: its inputs by name, their flavors, its time zone."""
    inputs = {name: one.flavors for name, one in settings.named_inputs.items()}
    return configuration(inputs, settings.agent.timezone)


def digest(document: Mapping[str, str], address: str) -> str:
    """Return a digest that changes whenever something has to be sent again."""
    text = json.dumps([sorted(document.items()), address])
    return hashlib.sha256(text.encode()).hexdigest()


def warn_of_names(settings: Settings) -> None:
    """Say which names of inputs the server will mix up: it matches keys by their beginning."""
    names = sorted(settings.named_inputs)
    for first, second in pairwise(names):
        if second.startswith(first):
            logger.warning(
                "inputs “%s” and “%s” begin alike: the server shows the settings of both for the first; "
                "rename one",
                first,
                second,
            )
