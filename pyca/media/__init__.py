"""Everything that knows FFmpeg: find it, probe, watch, join, remux. Standard library only."""
