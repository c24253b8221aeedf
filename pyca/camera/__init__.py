"""The camera server: any camera as a bsread stream."""
