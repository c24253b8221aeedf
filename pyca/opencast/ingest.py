"""The calls of the ingest service. Each takes and returns the media package as opaque XML text."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pyca.core.errors import DeliveryError
from pyca.opencast.forms import Field, FilePart
from pyca.opencast.http import Http, Progress
from pyca.opencast.refusals import place
from pyca.opencast.response import Response


def create(http: Http, node: str, uid: str) -> str:
    """Begin a media package under the event's own id; one that exists is replaced.

    :param node: address of the ingest service; all calls of one delivery go to the same
    :raises DeliveryError: as all calls here
    """
    url = f"{node}/createMediaPackageWithID/{quote(uid, safe='')}"
    return _package(url, http.put(url))


def add_track(
    http: Http,
    node: str,
    package: str,
    path: Path,
    flavor: str,
    *,
    tags: str = "",
    progress: Progress | None = None,
    rate: int = 0,
) -> str:
    """Send a media file. A repeated call with the older package is harmless: it leaves an orphan file.

    Opencast stops reading fields at the file, so the file comes last.

    :param tags: comma-separated
    :param progress: called with bytes sent and bytes in total; returning True ends the transfer
    :param rate: upper limit in bytes per second, 0 for none
    """
    url = f"{node}/addTrack"
    described: list[tuple[str, Field]] = [("flavor", flavor), *([("tags", tags)] if tags else [])]
    fields = [*described, ("mediaPackage", package), ("BODY", FilePart(path))]
    return _package(url, http.upload(url, fields, progress=progress, rate=rate))


def add_catalog(http: Http, node: str, package: str, catalog: str, flavor: str = "dublincore/episode") -> str:
    """Add a Dublin Core catalog given as XML text."""
    url = f"{node}/addDCCatalog"
    fields = [("mediaPackage", package), ("dublinCore", catalog), ("flavor", flavor)]
    return _package(url, http.upload(url, fields))


def finish(
    http: Http,
    node: str,
    package: str,
    uid: str,
    *,
    workflow: str = "",
    parameters: Mapping[str, str] | None = None,
) -> str:
    """Hand the media package over and start its workflow; return the workflow's XML.

    Not idempotent: after an error with ``unanswered`` the workflow may be running, and a second call may
    start it twice. Multipart, because Opencast limits urlencoded forms to 1,500,000 bytes.

    :param workflow: the server decides where empty
    :param parameters: override the event's own at the server
    """
    url = f"{node}/ingest"
    own = [("mediaPackage", package), ("workflowInstanceId", uid)]
    definition = [("workflowDefinitionId", workflow)] if workflow else []
    fields = [*own, *definition, *(parameters or {}).items()]
    return _package(url, http.upload(url, fields), final=True)


def discard(http: Http, node: str, package: str) -> None:
    """Tell the server to forget a media package that will not be finished."""
    http.upload(f"{node}/discardMediaPackage", [("mediaPackage", package)])


def stored_package(http: Http, address: str, uid: str) -> str:
    """Return the media package that the server keeps for an event.

    :param address: of the scheduler, such as ``https://opencast.example.org/recordings``
    :raises DeliveryError: where there is none, or this user may not see it
    """
    url = f"{address}/{quote(uid, safe='')}/mediapackage.xml"
    return _package(url, http.get(url))


def holds_tracks(stored: str, sent: str) -> bool:
    """Tell whether a stored media package has every track of the one that was sent, beyond doubt.

    A track is the same where the server's own id of it and its flavor are, and where neither size nor
    checksum says otherwise. Before the final call the server shows none of them.

    :param stored: what the server shows; an answer that is no media package settles nothing
    :param sent: the media package as the server returned it before the final call
    """
    if not sent:
        return False
    try:
        there, ours = _tracks(stored), _tracks(sent)
    except ET.ParseError:
        return False
    return bool(ours) and all(
        name in there and all(there[name].get(fact, value) == value for fact, value in track.items())
        for name, track in ours.items()
    )


def _tracks(package: str) -> dict[str, dict[str, str]]:
    """Return id → what a media package says about a track."""
    found = {}
    for element in ET.fromstring(package).iter():
        if element.tag.rpartition("}")[2] == "track" and "id" in element.attrib:
            facts = {"flavor": element.get("type", "")}
            for child in element:
                name = child.tag.rpartition("}")[2]
                if name in ("size", "checksum") and child.text:
                    facts[name] = child.text.strip().lower()
            found[element.attrib["id"]] = facts
    return found


def _package(url: str, response: Response, *, final: bool = False) -> str:
    try:
        root = ET.fromstring(response.body)
    except ET.ParseError:
        root = ET.Element("nothing")
    if not any(element.tag.rpartition("}")[2] == "mediapackage" for element in root.iter()):
        raise DeliveryError(f"{place(url)}: the answer holds no media package", unanswered=final)
    return response.text
