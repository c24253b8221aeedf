"""The bsread wire format: a codec without I/O, a sender and a receiver."""
