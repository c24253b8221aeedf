"""A fake Opencast server on loopback that keeps to the real one's contract, awkward answers included.

In a test::

    from opencast_server import FakeOpencast, faults

    with FakeOpencast(tmp_path) as server:
        settings = Server(url=server.url, auth_method="basic", username="admin", password="opencast")
        server.schedule("uid-1", "Lecture", start, end, **{"capture.device.names": "camera"})
        server.extend("uid-1", 300)
        server.unschedule("uid-1")
        server.reassign("uid-2", "other agent")
        server.faults.add("/ingest/addTrack", faults.drop(after=1_000_000), times=2)
        event = server.capture_now("room")            # as the admin's “start now”
        server.run_prolong_job()                      # what the server does each minute
        server.stop_capture("room")
        server.shows_package = "ingested"             # to those who ask for /recordings/{id}/mediapackage.xml
        ...
        server.calls             # every request: method, path, query, fields, file, status, user, scheme
        server.agents["room"]    # state, address, configuration, states reported so far
        server.recordings        # uid → recording states reported so far
        server.workflows         # started workflows: definition, parameters, elements with file.sha256
        server.finish_workflows()

Faults: ``status(503) html() redirect() body(data) hang(s) no_reply() drop(after) truncate(keep) slow(s)``;
``times=None`` means for ever, ``skip=n`` lets n requests pass first, ``method="POST"`` narrows further.
A server with ``tls=True`` has a certificate of its own (``server.certificate``), with ``tls="expired"``
an old one; ``server.renew(days)`` gives it another.
``server.stop()`` and ``server.start()`` take it off the network and back, on the same port.

Alone: ``python tests/opencast_server.py --port 8080 --root /tmp/opencast`` (user admin, password opencast).
"""

import argparse
import sys
import threading
from pathlib import Path
from typing import Literal, Self

from fake_opencast import faults
from fake_opencast.app import App
from fake_opencast.tls import context
from fake_opencast.web import WebServer
from fake_opencast.world import World
from ports import free_port

__all__ = ["FakeOpencast", "faults"]


class FakeOpencast(World):
    """The server; files and certificates go below ``root``."""

    def __init__(self, root: Path, *, port: int = 0, tls: bool | Literal["expired"] = False) -> None:
        super().__init__(Path(root))
        self.port = port
        self.app = App(self)
        self.certificate: Path | None = None
        self._context = None
        if tls:
            self._context, self.certificate = context(self.root / "tls", -1 if tls == "expired" else 7)

    @property
    def url(self) -> str:
        """Address without trailing slash."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen; the port stays the same when started again."""
        self.port = self.port or free_port()
        self._server = WebServer(self.port, self.app, self._context)
        self._server.ahead = lambda: self.ahead
        self.app.base = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up on everybody and close the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def renew(self, days: int) -> None:
        """Get another certificate from the next start on; the file of trust stays at its place."""
        self._context, self.certificate = context(self.root / "tls", days)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake Opencast server on loopback")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--root", type=Path, required=True)
    options = parser.parse_args()
    with FakeOpencast(options.root, port=options.port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
