"""What the agent tells the server about itself and its recordings, and whom the server takes it for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pyca.core.errors import DeliveryError
from pyca.core.states import AgentState, RecordingState
from pyca.opencast.http import Http
from pyca.opencast.refusals import place
from pyca.opencast.response import Response

_NOT_FOUND = 404
_AGENT_ROLES = {"ROLE_CAPTURE_AGENT", "ROLE_ADMIN"}


@dataclass(frozen=True)
class Identity:
    """The user that the server sees."""

    username: str
    roles: tuple[str, ...]

    @property
    def sufficient(self) -> list[str]:
        """The roles that allow what a capture agent does."""
        return sorted(_AGENT_ROLES.intersection(self.roles))

    @property
    def may_record(self) -> bool:
        """True where a role allows what a capture agent does."""
        return bool(self.sufficient)


def set_state(http: Http, address: str, name: str, state: AgentState, own_address: str = "") -> None:
    """Register the agent or refresh its state.

    :param address: of the capture-admin service
    :param own_address: shown as a link in the server's list; the server takes the host name where empty
    :raises DeliveryError: where the server does not take it
    """
    form = {"state": state.value, **({"address": own_address} if own_address else {})}
    http.post(_agent(address, name), form)


def configuration(inputs: Mapping[str, Sequence[str]], timezone: str) -> dict[str, str]:
    """Return the agent's configuration: its inputs with their flavors, and the time zone for scheduling.

    :param inputs: name → flavors
    """
    flavors = {f"capture.device.{name}.flavor": ",".join(given) for name, given in inputs.items()}
    names = {"capture.device.names": ",".join(inputs)}  # the server does not trim blanks around commas
    return {**names, **flavors, **({"capture.device.timezone": timezone} if timezone else {})}


def set_configuration(http: Http, address: str, name: str, values: Mapping[str, str]) -> None:
    """Replace the agent's configuration. The server reads JSON only where the first character is ``{``.

    :raises DeliveryError: where the server does not take it
    """
    document = json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"))
    http.post(f"{_agent(address, name)}/configuration", {"configuration": document})


def set_recording_state(http: Http, address: str, uid: str, state: RecordingState) -> bool:
    """Report a recording's state; repeating it is a heartbeat.

    Returns False where no event of this id is scheduled there (404), as with local recordings.

    :raises DeliveryError: where the server does not take it
    """
    url = f"{address}/recordings/{quote(uid, safe='')}"
    response = http.post(url, {"state": state.value}, allow=(_NOT_FOUND,))
    return response.status != _NOT_FOUND


def whoami(http: Http) -> Identity:
    """Return the user and roles that the server sees in our credentials.

    :raises DeliveryError: where it cannot be asked or does not answer like Opencast
    """
    url = f"{http.server.url.rstrip('/')}/info/me.json"
    data = _object(url, http.get(url))
    user, roles = data.get("user"), data.get("roles", [])
    username = str(user.get("username", "")) if isinstance(user, dict) else ""
    return Identity(username, tuple(map(str, roles if isinstance(roles, list) else [roles])))


def _agent(address: str, name: str) -> str:
    return f"{address}/agents/{quote(name, safe='')}"


def _object(url: str, response: Response) -> dict[str, object]:
    try:
        data = json.loads(response.body)
    except ValueError as error:
        raise DeliveryError(f"{place(url)}: the answer is not JSON", "is this an Opencast server?") from error
    if not isinstance(data, dict):
        raise DeliveryError(f"{place(url)}: the answer is not an object", "is this an Opencast server?")
    return data
