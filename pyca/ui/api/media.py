"""The media type of JSON:API, and whether a header names it as the standard wants."""

from werkzeug.http import parse_list_header, parse_options_header

MEDIA_TYPE = "application/vnd.api+json"

_LENIENT = (MEDIA_TYPE, "application/json", "application/*", "*/*")
"""what somebody accepts who can read our answers"""


def is_ours(header: str) -> bool:
    """Tell whether a Content-Type is that of JSON:API, with no parameter that the standard forbids.

    We support no extension, so that any “ext” is one too many; a “profile” may always be ignored.
    """
    kind, parameters = parse_options_header(header)
    return kind.lower() == MEDIA_TYPE and set(parameters) <= {"profile"}


def reads_us(accept: str) -> bool:
    """Tell whether somebody who sends this Accept header can read our answers.

    As the standard demands, whoever names its media type, but never without foreign parameters, cannot.
    """
    entries = [parse_options_header(entry) for entry in parse_list_header(accept)]
    if not entries:
        return True
    ours = [entry for entry in entries if entry[0].lower() == MEDIA_TYPE]
    if ours:
        return any(_weight(named) > 0 and set(named) <= {"profile", "q"} for _, named in ours)
    return any(kind.lower() in _LENIENT and _weight(named) > 0 for kind, named in entries)


def _weight(parameters: dict[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 1.0
