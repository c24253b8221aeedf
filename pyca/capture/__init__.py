"""From an upcoming event to recorded files: the recorder, the part that must never break."""
