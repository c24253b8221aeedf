"""EPICS Channel Access by one of two libraries: libca, which pyepics brings with it, and caproto."""
