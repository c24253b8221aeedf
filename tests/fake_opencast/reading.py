"""What an agent reads: services, calendar, user, health."""

import json

from fake_opencast.calendars import calendar
from fake_opencast.web import Answer
from fake_opencast.world import Call, World

SERVICES = {
    "org.opencastproject.capture.admin": "/capture-admin",
    "org.opencastproject.scheduler": "/recordings",
    "org.opencastproject.ingest": "/ingest",
}


def available(world: World, call: Call, base: str) -> Answer:
    """The service registry in Jettison's shapes: string, object or list."""
    wanted = call.query.get("serviceType", "")
    if not wanted.strip():
        return Answer(400, "Service type must not be null")
    registry = world.services
    if registry is None:
        registry = [service(kind, base, path) for kind, path in SERVICES.items()]
    found = [entry for entry in registry if entry["type"] == wanted]
    inner: object = {"service": found[0] if len(found) == 1 else found} if found else ""
    return as_json({"services": inner})


def service(kind: str, host: str, path: str, **changes: object) -> dict[str, object]:
    """Return one entry of the registry."""
    entry: dict[str, object] = {"type": kind, "host": host, "path": path, "active": True, "online": True}
    more = {"maintenance": False, "jobproducer": True, "service_state": "NORMAL"}
    return {**entry, **more, **changes}


def calendars(world: World, call: Call) -> Answer:
    """GET /recordings/calendars with window rule and raw tag."""
    agent = call.query.get("agentid", "")
    headers = {"Content-Type": "text/calendar; charset=UTF-8"}
    if agent:
        tag = world.etag(agent)
        if call.headers.get("If-None-Match") == tag:
            return Answer(304, "", {"ETag": f'"{tag}"'})
        headers["ETag"] = tag
    cutoff = call.query.get("cutoff")
    if cutoff is not None and not cutoff.isdigit():
        return Answer(404, "The resource you requested does not exist.")
    now = world.now()
    with world.lock:
        events = [
            event
            for event in world.events.values()
            if event.agent in ("", agent)
            and event.end >= now - 3600
            and (cutoff is None or event.start < int(cutoff) / 1000)
        ]
        return Answer(200, calendar(events, agent), headers)


def info(world: World, call: Call, user: str) -> Answer:
    """GET /info/me.json and /info/health, both readable anonymously."""
    if call.path == "/info/health":
        health = {"status": "pass", "releaseId": "17.0.0.SNAPSHOT"}
        return Answer(200, json.dumps(health), {"Content-Type": "application/health+json"})
    if call.path != "/info/me.json":
        return Answer(404, "The resource you requested does not exist.")
    roles = world.user_roles.get(user, world.roles) if user else ["ROLE_ANONYMOUS"]
    return as_json({"user": {"username": user or "anonymous"}, "roles": roles})


def as_json(data: object) -> Answer:
    """Return an answer of type JSON."""
    return Answer(200, json.dumps(data), {"Content-Type": "application/json"})
