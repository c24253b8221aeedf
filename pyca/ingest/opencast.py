"""Delivery to an Opencast server: media package, catalogs, tracks, workflow."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pyca.config.settings import Settings
from pyca.core.errors import DeliveryError
from pyca.core.event import Event, Origin
from pyca.core.recording import Recording, Track, Upload, UploadStep
from pyca.ingest.dublincore import episode
from pyca.ingest.target import Interrupted, Progress
from pyca.opencast import ingest
from pyca.opencast.discovery import Services
from pyca.opencast.http import Http
from pyca.runtime.pulse import Pulse

_LEGAL_ID = re.compile(r"[\w\-.:;()]+", re.ASCII)
_CATALOGS = {"episode.xml": "dublincore/episode", "series.xml": "dublincore/series"}


class OpencastTarget:
    """Delivers over the ingest service's calls; the media package is kept as the server returned it last."""

    name = "opencast"
    needs_checksums = False
    """Opencast has nothing to compare them with, and they would double the work of an upload."""
    repeatable = False

    def __init__(self, settings: Settings, pulse: Pulse) -> None:
        self._settings = settings
        self._pulse = pulse
        self._http = Http(settings.server, progress=self._signs_of_life)
        self._services = Services(self._http, settings.services)
        self._committed = False
        self._halted = False

    def begin(self, recording: Recording, upload: Upload) -> Upload:
        """Create the media package on the least loaded node, with catalogs where they are wanted."""
        with self._interruptible():
            node = self._services.ingest()
            package = ingest.create(self._http, node, package_id(recording.event))
            for catalog, flavor in self._catalogs(recording):
                package = ingest.add_catalog(self._http, node, package, catalog, flavor)
        return replace(upload, step=UploadStep.TRACKS, node=node, package=package, tracks_done=0)

    def add_track(self, recording: Recording, track: Track, upload: Upload, progress: Progress) -> Upload:
        """Stream one file from disk."""

        def moved(sent: int, _total: int) -> bool:
            try:
                # The form around the file is not counted.
                progress(min(sent, track.size))
            except Interrupted:
                self._halted = True
            return self._halted

        with self._interruptible():
            package = ingest.add_track(
                self._http,
                upload.node,
                upload.package,
                track.path,
                track.flavor,
                progress=moved,
                rate=self._settings.ingest.upload_rate,
            )
        return replace(upload, package=package, tracks_done=upload.tracks_done + 1)

    def finish(self, recording: Recording, upload: Upload) -> Upload:
        """Start the workflow. This call is not interrupted: its answer is worth waiting for."""
        event, settings = recording.event, self._settings.ingest
        self._committed = True
        try:
            ingest.finish(
                self._http,
                upload.node,
                upload.package,
                package_id(event),
                workflow=event.workflow or settings.workflow,
                parameters=event.workflow_parameters if settings.send_parameters else None,
            )
        finally:
            self._committed = False
        return replace(upload, step=UploadStep.DONE, location=self._settings.server.url)

    def has_taken(self, recording: Recording, upload: Upload) -> bool:
        """Look whether the event's stored media package holds every track that was sent."""
        address = self._services.scheduler()
        stored = ingest.stored_package(self._http, address, package_id(recording.event))
        return ingest.holds_tracks(stored, upload.package)

    def abandon(self, recording: Recording, upload: Upload) -> None:
        """Let the server forget what it has got so far."""
        if upload.package:
            ingest.discard(self._http, upload.node, upload.package)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _catalogs(self, recording: Recording) -> Iterator[tuple[str, str]]:
        """Return text and flavor of the catalogs to send; of its own events the server has better ones."""
        event = recording.event
        if event.origin is not Origin.OPENCAST:
            yield episode(event, self._settings.agent.name), _CATALOGS["episode.xml"]
        elif self._settings.ingest.upload_catalogs:
            for attachment in event.attachments:
                if flavor := _CATALOGS.get(attachment.name):
                    yield attachment.data, flavor

    def _signs_of_life(self) -> bool:
        """Tell that a transfer goes on, and whether it shall end. Stalled ones are ended by the time-out."""
        self._pulse.progress()
        self._halted = self._halted or (self._pulse.stopping and not self._committed)
        return self._halted

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Tell a transfer that we ended from one that failed."""
        self._halted = False
        try:
            yield
        except DeliveryError as error:
            if self._halted:
                raise Interrupted from error
            raise
        finally:
            self._halted = False


def package_id(event: Event) -> str:
    """Return the id of an event's media package: its own wherever Opencast accepts that."""
    if _LEGAL_ID.fullmatch(event.uid):
        return event.uid
    return str(uuid.uuid5(uuid.NAMESPACE_URL, event.uid))
