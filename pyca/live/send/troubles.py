"""Turn what FFmpeg said about a destination into one sentence for people; tell refusals from mishaps."""

import re
from dataclasses import dataclass

from pyca.media.explain import explain


@dataclass(frozen=True)
class Trouble:
    """Why a connection ended."""

    sentence: str
    refused: bool = False
    """True where the server answered and did not want the stream"""
    hung_up: bool = False
    """True where whoever answered hung up before a word was said"""


@dataclass(frozen=True)
class _Case:
    pattern: re.Pattern[str]
    sentence: str
    refused: bool = False


def _case(pattern: str, sentence: str, *, refused: bool = False) -> _Case:
    return _Case(re.compile(pattern, re.IGNORECASE), sentence, refused)


# The first case that matches any line wins, so causes stand before their consequences.
_CASES = (
    _case(
        r"already publishing|already (?:exists|running|in use|live)",
        "the server has a stream with this key already (somebody else sends it, or the server has not yet"
        " noticed the end of our last connection)",
    ),
    _case(
        r"certificate (?:verify failed|verification|has expired)|unable to verify|not trusted"
        r"|peer certificate|certificate.*(?:invalid|does not match|mismatch)|self.signed",
        "the server's certificate is not trusted (name its authority's file, or correct host name and clock)",
    ),
    _case(
        r"Server error: (?P<said>.+)|NetStream\.Publish\.(?P<code>BadName|Denied|Rejected)",
        "the server refuses the stream (check key and address)",
        refused=True,
    ),
    _case(r"\b40[13]\b|Unauthorized|Forbidden", "the server refuses the key (check it)", refused=True),
    _case(
        r"ERROR:(?:BADSECRET|UNSECURE)|Incorrect passphrase|Password required",
        "the passphrase is wrong (check it)",
        refused=True,
    ),
    _case(
        r"\bREJECT reported\b.*?: (?P<said>.+?)(?: - not processing|$)|reception of a rejection",
        "the server refuses the stream (check passphrase and stream id)",
        refused=True,
    ),
    # SRT has no other words for silence. What its own library says about a refusal stands before.
    _case(
        r"Connection to srt://.* failed: Input/output error",
        "nothing answers at the address (is the receiver running, is the port right?)",
    ),
    _case(r"Protocol not found", "this FFmpeg cannot send by this protocol (install a fuller FFmpeg)"),
    _case(
        r"Connection refused", "nothing answers at the address (is the server running, is the port right?)"
    ),
    _case(
        r"Failed to resolve|Name or service not known|Temporary failure in name resolution"
        r"|No address associated",
        "the name of the server is unknown (check address and DNS)",
    ),
    _case(r"timed out|ETIMEDOUT", "the server does not answer (check address and network)"),
    _case(r"No route to host|Network is unreachable", "the server cannot be reached (check the network)"),
)
_CLOSED = re.compile(
    r"Connection reset|Broken pipe|End of file|Input/output error|Unknown error", re.IGNORECASE
)
"""what FFmpeg says where the other side hangs up"""
_EARLY = re.compile(r"Cannot (?:read RTMP handshake|open connection)", re.IGNORECASE)
"""the same where that was before the stream's name was told: by a proxy, or a server that begins or ends"""


def explained(said: str, *, answered: bool) -> Trouble:
    """Return why a connection to a server ended.

    The sentence is empty where nobody can tell.

    :param said: what FFmpeg wrote to stderr, without secrets
    :param answered: True where the stream had been accepted
    """
    for case in _CASES:
        if match := case.pattern.search(said):
            words = {name: text for name, text in match.groupdict().items() if text}
            more = words.get("said") or words.get("code")
            sentence = f"{case.sentence}: {more.strip()[:200]}" if more else case.sentence
            return Trouble(sentence, case.refused and not answered)
    if _CLOSED.search(said):
        if answered:
            return Trouble("the server closed the connection")
        if _EARLY.search(said):
            return Trouble(
                "the server hangs up before it says anything (is it being restarted?)", hung_up=True
            )
        sentence = "the server closed the connection before it took anything (check key and application)"
        return Trouble(sentence, refused=True)
    return Trouble(explain(said))
