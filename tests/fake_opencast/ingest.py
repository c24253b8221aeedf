"""/ingest: media packages grow element by element, then a workflow starts."""

import uuid
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from urllib.parse import unquote

from fake_opencast import multipart
from fake_opencast.calendars import PREFIX, Scheduled, properties
from fake_opencast.multipart import StoredFile
from fake_opencast.web import Answer, Environ
from fake_opencast.world import Call, Element, Workflow, World

NAMESPACE = "http://mediapackage.opencastproject.org"
ET.register_namespace("", NAMESPACE)
KINDS = {
    "addTrack": "track",
    "addPartialTrack": "track",
    "addCatalog": "catalog",
    "addAttachment": "attachment",
}
HOMES = {"track": "media", "catalog": "metadata", "attachment": "attachments"}


def handle(world: World, call: Call, environ: Environ) -> Answer:
    """Dispatch by the segments behind /ingest."""
    segments = [unquote(part) for part in call.path.split("/")[2:]]
    match call.method, segments:
        case "GET", ["createMediaPackage"]:
            return _create(world, str(uuid.uuid4()))
        case "PUT", ["createMediaPackageWithID", uid]:
            multipart.drain(environ["wsgi.input"])
            return _create(world, uid)
        case "POST", [verb] if verb in KINDS:
            return _add_file(world, call, environ, KINDS[verb])
    if call.method != "POST":
        return Answer(405, "")
    try:
        call.fields = multipart.form(environ)
    except ValueError as error:
        return Answer(400, str(error))
    match segments:
        case ["addDCCatalog"]:
            return _add_catalog(world, call)
        case ["ingest", *definition] if len(definition) < 2:
            return _ingest(world, call, definition[0] if definition else "")
        case ["schedule", *_]:
            return _schedule(world, call)
        case ["discardMediaPackage"]:
            world.discarded.append(_parse(call.fields.get("mediaPackage", "")).attrib["id"])
            return Answer(200, "")
    return Answer(404, "The resource you requested does not exist.")


def _create(world: World, uid: str) -> Answer:
    if not uid or "/" in uid:
        return Answer(500, "")
    world.packages.add(uid)
    start = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    homes = "<media/><metadata/><attachments/><publications/>"
    return _xml(f'<mediapackage xmlns="{NAMESPACE}" id="{uid}" start="{start}">{homes}</mediapackage>')


def _add_file(world: World, call: Call, environ: Environ, kind: str) -> Answer:
    """The first part with a filename is the file: whatever follows it is too late."""
    parts = multipart.reader(environ)
    if parts is None:
        return Answer(400, "only multipart here")
    while (headers := parts.headers()) is not None:
        disposition = headers.get("content-disposition", "")
        name, filename = (multipart.parameter(disposition, key) for key in ("name", "filename"))
        if filename is None:
            call.fields[name or ""] = parts.value()
            continue
        if "/" not in call.fields.get("flavor", ""):
            return Answer(400, "flavor missing")  # before the body is read
        call.file = _store(world, parts, filename, headers.get("content-type", ""))
        multipart.drain(environ["wsgi.input"])
        return _add_element(world, call, kind)
    return Answer(400, "no file")


def _store(world: World, parts: multipart.Reader, filename: str, mimetype: str) -> StoredFile:
    path = world.root / "files" / str(uuid.uuid4())
    path.parent.mkdir(parents=True, exist_ok=True)
    size, digest = parts.save(path)
    return StoredFile(filename, path, size, digest, mimetype)


def _add_catalog(world: World, call: Call) -> Answer:
    text = call.fields.get("dublinCore", "")
    try:
        ET.fromstring(text)
    except ET.ParseError:
        return Answer(400, "dublinCore is not XML")
    path = world.root / "files" / str(uuid.uuid4())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    call.file = StoredFile("dublincore.xml", path, len(text.encode()))
    call.fields.setdefault("flavor", "dublincore/episode")
    return _add_element(world, call, "catalog")


def _add_element(world: World, call: Call, kind: str) -> Answer:
    try:
        package = _parse(call.fields.get("mediaPackage", ""))
    except ET.ParseError:
        return Answer(400, "mediaPackage missing or not XML")
    assert call.file is not None
    flavor, tags = call.fields["flavor"].lower(), call.fields.get("tags", "")
    element = Element(str(uuid.uuid4()), kind, flavor, tags, call.file)
    world.elements[element.id] = element
    home = package.find(f"{{{NAMESPACE}}}{HOMES[kind]}")
    if home is None:
        home = ET.SubElement(package, f"{{{NAMESPACE}}}{HOMES[kind]}")
    node = ET.SubElement(home, f"{{{NAMESPACE}}}{kind}", {"id": element.id, "type": flavor})
    ET.SubElement(node, f"{{{NAMESPACE}}}url").text = f"https://ingest/{element.id}/{call.file.name}"
    return _xml(ET.tostring(package, "unicode"))


def _ingest(world: World, call: Call, definition: str) -> Answer:
    """The event's stored properties first, the request's parameters on top; not idempotent."""
    fields = dict(call.fields)
    try:
        package = _parse(fields.pop("mediaPackage", ""))
        elements = [world.elements[node.attrib["id"]] for node in _nodes(package)]
    except (ET.ParseError, KeyError):
        return Answer(400, "bad mediaPackage, or elements not found")
    definition = definition or fields.pop("workflowDefinitionId", "")
    legacy = fields.pop("workflowInstanceId", "")
    uid = legacy if legacy in world.events else package.attrib["id"]
    with world.lock:
        if any(workflow.active and workflow.package == uid for workflow in world.workflows):
            return Answer(500, "another workflow is active")
        stored = _stored(world.events.get(uid))
        definition = definition or stored.pop("definition", "schedule-and-upload")
        given = {key.removeprefix(PREFIX + "config."): value for key, value in fields.items()}
        number = len(world.workflows) + 1
        workflow = Workflow(number, uid, definition, {**stored, **given}, elements)
        world.workflows.append(workflow)
    inner = ET.tostring(package, "unicode")
    return _xml(f'<workflow xmlns="http://workflow.opencastproject.org" id="{number}">{inner}</workflow>')


def _stored(event: Scheduled | None) -> dict[str, str]:
    if event is None:
        return {}
    items = properties(event, event.agent).items()
    stored = {k.removeprefix(PREFIX + "config."): v for k, v in items if k.startswith(PREFIX + "config.")}
    definition = event.properties.get(PREFIX + "definition")
    return {**stored, **({"definition": definition} if definition else {})}


def _schedule(world: World, call: Call) -> Answer:
    package = _parse(call.fields.get("mediaPackage", ""))
    if sum(node.tag.endswith("catalog") for node in _nodes(package)) != 1:
        return Answer(400, "exactly one episode catalog is needed")
    uid = package.attrib["id"]
    if uid in world.events:
        return Answer(409, "conflict")
    world.schedule(uid, "ad hoc", world.now(), world.now() + 3600)
    return Answer(201, "")


def _nodes(package: ET.Element) -> list[ET.Element]:
    return [node for node in package.iter() if node.tag.rpartition("}")[2] in HOMES]


def _parse(text: str) -> ET.Element:
    root = ET.fromstring(text)
    if not root.tag.endswith("mediapackage"):
        raise ET.ParseError
    return root


def _xml(text: str) -> Answer:
    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return Answer(200, declaration + text, {"Content-Type": "text/xml"})
