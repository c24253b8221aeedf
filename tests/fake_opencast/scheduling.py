"""/recordings besides the calendar: an event's media package, and captures that begin at once."""

from urllib.parse import unquote

from fake_opencast.calendars import Scheduled
from fake_opencast.ingest import NAMESPACE
from fake_opencast.web import Answer
from fake_opencast.world import Call, Element, World

NOT_FOUND = Answer(404, "The resource you requested does not exist.")
FORBIDDEN = Answer(403, "<html><body>Access denied</body></html>", {"Content-Type": "text/html"})


def handle(world: World, call: Call) -> Answer:
    """Dispatch by the segments behind /recordings."""
    segments = [unquote(part) for part in call.path.split("/")[2:]]
    if call.method != "GET" and "ROLE_ADMIN" not in world.roles:
        return FORBIDDEN
    match call.method, segments:
        case "GET", [uid, "mediapackage.xml"]:
            return _package(world, uid)
        case "POST", ["capture", agent]:
            world.capture_now(agent)
            return Answer(201, "")
        case "PUT", ["capture", agent, "prolong"]:
            running = [event for event in world.events.values() if _runs(world, event, agent)]
            for event in running:
                world.extend(event.uid)
            return Answer(200, "") if running else NOT_FOUND
        case "DELETE", ["capture", agent]:
            return Answer(200, "") if world.stop_capture(agent) else Answer(304, "")
    return NOT_FOUND


def _runs(world: World, event: Scheduled, agent: str) -> bool:
    return event.agent == agent and event.start <= world.now() < event.end


def _package(world: World, uid: str) -> Answer:
    if world.shows_package == "forbidden":
        return FORBIDDEN
    workflows = [workflow for workflow in world.workflows if workflow.package == uid]
    if world.shows_package == "nothing" or not (workflows or uid in world.events):
        return NOT_FOUND
    shown = workflows[-1].elements if workflows and world.shows_package == "ingested" else []
    media = "".join(_track(element) for element in shown if element.kind == "track")
    text = f'<mediapackage xmlns="{NAMESPACE}" id="{uid}"><media>{media}</media></mediapackage>'
    return Answer(200, text, {"Content-Type": "text/xml"})


def _track(element: Element) -> str:
    file = element.file
    facts = f"<size>{file.size}</size><url>https://archive/{element.id}/{file.name}</url>"
    return f'<track id="{element.id}" type="{element.flavor}">{facts}</track>'
