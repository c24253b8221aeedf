"""Addresses as they may be shown and logged: one rule for cameras, servers, databases and streams.

What may be seen is listed; whatever is not on the list is hidden. Rather too much is hidden than too little.
"""

import re

from pyca.core.control import HIDDEN

_PLAIN = re.compile(
    r"agent|application_name|attempts|backup|buffer_size|channel|charset|check_same_thread|"
    r"client_encoding|codec|connect_timeout|event|fifo_size|fps|height|latency|listen_timeout|"
    r"localaddr|maxbw|mode|nakreport|oheadbw|overrun_nonfatal|payload_size|pbkeylen|pkt_size|port|"
    r"profile|resolution|rtsp_flags|rtsp_transport|sslmode|stimeout|stream|subtype|"
    r"target_session_attrs|timeout|tlpktdrop|transport|transtype|ttl|unicast|user|width",
    re.IGNORECASE,
)
"""parameters of addresses whose values are no secrets"""

_STREAM = re.compile(r"(rtmps?://[^/?\s]*/)([^?\s]*)(\?\S*)?", re.IGNORECASE)
# A password may hold what ends the host in proper addresses, so that everything up to the last @ is hidden.
_USER = re.compile(r"(://[^:/@?#\s]*[:@])([^?\s]+)@")
_NO_PORT = re.compile(r"(://[^:/@?#\s\[]+:)(?!\d{1,5}(?:[/?#\s]|$))[^/?#\s@]+(?=[/?#])")
_PARAMETER = re.compile(r"([?&/;])([^?&=/;#\s]+)=([^&\s]*)")
_WORD = re.compile(r"([?&])([^?&=#\s]+)(?=[&#\s]|$)")
_FRAGMENT = re.compile(r"(://[^\s#]*)#\S+")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.:-]{1,40}")


def mask(text: str) -> str:
    """Return an address without password, stream key, tokens and whatever else might be one.

    Anything may be given, also what is no address: that stays as it is. What was masked stays as it is, too.
    """
    if "://" not in text:
        return text
    # Keys and fragments first: an @ in them ends no user's password.
    text = _STREAM.sub(_without_key, text)
    text = _FRAGMENT.sub(rf"\1#{HIDDEN}", text)
    text = _USER.sub(rf"\1{HIDDEN}@", text)
    text = _NO_PORT.sub(rf"\1{HIDDEN}", text)
    text = _PARAMETER.sub(_without_value, text)
    return _WORD.sub(_without_word, text)


def mask_words(text: str) -> str:
    """Return a text, such as a line that was logged, with each address in it masked."""
    return re.sub(r"\S+", lambda word: mask(word[0]), text)


def _without_key(found: re.Match[str]) -> str:
    """Hide the key of a stream: all behind the first word of a path, also where a query is between them."""
    path, query = found[2].rstrip("/"), found[3] or ""
    app, slash, _ = path.partition("/")
    if slash:
        return f"{found[1]}{app}/{HIDDEN}"
    begin, slash, _ = query.rstrip("/").partition("/")
    return f"{found[1]}{path}{begin}/{HIDDEN}" if slash else found[0]


def _without_value(found: re.Match[str]) -> str:
    mark, name, value = found.groups()
    begin, slash, end = value.partition("/")
    is_plain = _PLAIN.fullmatch(name) and (not begin or _PLAIN_VALUE.fullmatch(begin))
    if is_plain and (not slash or end == HIDDEN):
        return found[0]
    if not value.strip("="):
        return f"{mark}{HIDDEN}"  # no parameter at all, but something that was coded
    return f"{mark}{name}={HIDDEN}"


def _without_word(found: re.Match[str]) -> str:
    return found[0] if _PLAIN.fullmatch(found[2]) else f"{found[1]}{HIDDEN}"
