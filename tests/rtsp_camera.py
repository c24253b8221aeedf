"""A network camera on loopback: ``/usr/bin/python3 rtsp_camera.py PORT`` serves rtsp://127.0.0.1:PORT/room.

It runs with the system's Python, which has GStreamer's bindings; it is a program of its own, not a test.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURES = (
    "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96"
)
SOUND = "audiotestsrc is-live=true ! audioconvert ! opusenc ! rtpopuspay name=pay1 pt=97"


def main() -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
    factory = GstRtspServer.RTSPMediaFactory(shared=True)
    factory.set_launch(f"( {PICTURES} {SOUND} )")
    server.get_mount_points().add_factory("/room", factory)
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
