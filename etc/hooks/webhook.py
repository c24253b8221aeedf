#!/usr/bin/env python3
"""Tells a web service what has happened, as JSON.

In pyca.conf::

    [hooks]
    alarm = '/opt/pyca/etc/hooks/webhook.py https://chat.example.org/hooks/abc'

All variables HOOK_… are sent under their own names in small letters, such as ``event_title``; ``text`` says
the same in one line, which is what chats such as Mattermost, Rocket.Chat or Slack show.
"""

import json
import os
import sys
import urllib.request

PATIENCE = 20
"""seconds"""


def line(facts: dict[str, str]) -> str:
    """Return what happened in one line."""
    agent, title = facts.get("agent", ""), facts.get("event_title", "")
    if facts.get("name") == "alarm":
        over = " is over" if facts.get("alarm_state") == "over" else ""
        what = f"alarm{over} ({facts.get('alarm', '')}): {facts.get('alarm_text', '')}"
        source = facts.get("input", "")
        return f"{agent}: {what}{f' [{source}]' if source else ''}{f' “{title}”' if title else ''}"
    what = facts.get("name", "").replace("_", " ")
    error = facts.get("error", "")
    return f"{agent}: {what}{f' “{title}”' if title else ''}{f': {error}' if error else ''}"


def main() -> int:
    """Send the message; the exit code tells pyCA's log whether it arrived."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: webhook.py ADDRESS\n")
        return os.EX_USAGE
    facts = {
        name.removeprefix("HOOK_").lower(): value
        for name, value in os.environ.items()
        if name.startswith("HOOK_")
    }
    body = json.dumps({"text": line(facts), **facts}).encode()
    try:
        request = urllib.request.Request(sys.argv[1], body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return os.EX_OK
    except (OSError, ValueError) as error:  # HTTP refusals are OSErrors too
        sys.stderr.write(f"{error}\n")
        return os.EX_UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main())
