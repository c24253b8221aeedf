"""/capture-admin: agents, their configuration, and the states of recordings."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from urllib.parse import unquote

from fake_opencast.reading import as_json
from fake_opencast.web import Answer
from fake_opencast.world import AGENT_STATES, RECORDING_STATES, Agent, Call, World

NOT_FOUND = Answer(404, "The resource you requested does not exist.")


def handle(world: World, call: Call) -> Answer:
    """Dispatch by the segments behind /capture-admin."""
    segments = [unquote(part) for part in call.path.split("/")[2:]]
    match call.method, segments:
        case "POST", ["agents", name]:
            return _set_agent(world, name, call.fields)
        case "POST", ["agents", name, "configuration"]:
            return _configure(world, name, call.fields.get("configuration", ""))
        case "GET", ["agents.json"]:
            agents = [_show(agent) for agent in world.agents.values()]
            return as_json({"agents": {"agent": agents} if agents else ""})
        case "GET", ["agents", file] if file.endswith(".json") and file[:-5] in world.agents:
            return as_json({"agent-state-update": _show(world.agents[file[:-5]])})
        case "GET", ["agents", name, "configuration.json"] if name in world.agents:
            items = world.agents[name].configuration.items()
            inner = {"item": [{"key": key, "value": value} for key, value in items]}
            return as_json({"properties-response": {"properties": inner}})
        case "DELETE", ["agents", name] if name in world.agents:
            del world.agents[name]
            return Answer(200, f"{name} removed")
        case "POST", ["recordings", uid]:
            return _set_recording(world, uid, call.fields.get("state", ""))
        case "GET", ["recordings", file] if file.removesuffix(".json") in world.recordings:
            uid = file.removesuffix(".json")
            return as_json({"recording-state-update": {"name": uid, "state": world.recordings[uid][-1]}})
    return NOT_FOUND


def _set_agent(world: World, name: str, fields: Mapping[str, str]) -> Answer:
    state, address = fields.get("state", ""), fields.get("address", "")
    if not name.strip():
        return Answer(500, "")
    if state not in AGENT_STATES:
        return Answer(400, f"{state} is not a valid state")
    agent = world.agents.setdefault(name, Agent(name, state=""))
    same = agent.state == state and address in ("", agent.address)
    agent.state, agent.address = state, address or agent.address or "127.0.0.1"
    agent.states.append(state)
    return Answer(200, "" if same else f"{name} set to {state}")


def _configure(world: World, name: str, text: str) -> Answer:
    try:
        configuration = _parse(text)
    except (ValueError, ET.ParseError):
        return Answer(400, "An invalid configuration")
    world.agents.setdefault(name, Agent(name)).configuration = configuration
    return Answer(200, text, {"Content-Type": "application/json" if text.startswith("{") else "text/xml"})


def _parse(text: str) -> dict[str, str]:
    if not text.startswith("{"):
        return {entry.attrib["key"]: entry.text or "" for entry in ET.fromstring(text).iter("entry")}
    data = json.loads(text)
    if not all(isinstance(value, str) for value in data.values()):
        raise ValueError("values must be strings")
    return dict(data)


def _set_recording(world: World, uid: str, state: str) -> Answer:
    if state not in RECORDING_STATES:
        return Answer(400, "")
    if uid not in world.events:
        return NOT_FOUND
    world.recordings.setdefault(uid, []).append(state)
    return Answer(200, f"{uid} set to {state}")


def _show(agent: Agent) -> dict[str, object]:
    return {
        "name": agent.name,
        "state": agent.state,
        "url": agent.address,
        "time-since-last-update": 0,
        "capabilities": "",
    }
