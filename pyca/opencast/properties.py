"""The agent properties that Opencast attaches to an event: ``key=value`` lines without any escapes."""

from collections.abc import Mapping

_TITLE = "event.title"
_DEFINITION = "org.opencastproject.workflow.definition"
_PARAMETER = "org.opencastproject.workflow.config."
_DEVICES = "capture.device.names"


def parse(text: str, title: str) -> dict[str, str]:
    """Return the properties; of a key that occurs twice the first value counts.

    A title with line breaks spills into lines of its own, which may imitate any key. The title is known
    from SUMMARY and taken out first. Lines without ``=`` are the rest of some other value and ignored.
    """
    text, title = _unix("\n" + text), _unix(title)
    own = f"\n{_TITLE}={title}\n"
    found = {}
    if own in text:
        text = text.replace(own, "\n", 1)
        found[_TITLE] = title
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if equals and key:
            found.setdefault(key, value)
    return found


def workflow(properties: Mapping[str, str]) -> str:
    """Return the id of the workflow to start, empty where the server shall decide."""
    return properties.get(_DEFINITION, "").strip()


def workflow_parameters(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the workflow's parameters; only the prefix goes, dots in names stay."""
    return {
        key.removeprefix(_PARAMETER): value
        for key, value in properties.items()
        if key.startswith(_PARAMETER) and key != _PARAMETER
    }


def inputs(properties: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the inputs to record; none means all."""
    names = (name.strip() for name in properties.get(_DEVICES, "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
