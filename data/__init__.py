"""Read the log: bytes to events, events to legs and sessions, frames to answers."""
