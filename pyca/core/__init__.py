"""The vocabulary of pyCA: events, recordings, states, time, errors. Standard library only."""
