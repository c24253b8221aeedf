"""Texts without the secrets that they may hold."""

import re
from collections.abc import Iterable

SHORT = 6
"""characters; a shorter secret is masked only where it stands by itself: a key “k” is no reason to take
every k out of a text"""


def without(text: str, secrets: Iterable[str], mask: str) -> str:
    """Return a text with a mask in the place of secrets.

    :param secrets: the longest first: one may be a part of another
    """
    for secret in secrets:
        if len(secret) >= SHORT:
            text = text.replace(secret, mask)
        elif secret in text:
            text = re.sub(rf"(?:(?<!\w)|(?<=%\w\w)){re.escape(secret)}(?!\w)", mask, text)
    return text
