"""Recordings: jobctl's own decision log, written and read as a stream."""
