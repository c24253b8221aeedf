"""What a browser calls itself, in words."""

_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST = 60


def browser_words(program: str) -> str:
    """Return a name such as “Firefox on Linux”; what is not known is shown as it is.

    :param program: the header ``User-Agent``
    """
    name = next((shown for sign, shown in _PROGRAMS if sign in program), "")
    system = next((shown for sign, shown in _SYSTEMS if sign in program), "")
    if name and system:
        return f"{name} on {system}"
    return name or program[:_LONGEST] or "unknown browser"
