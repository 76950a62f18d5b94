"""Watching jobs: a pure machine that decides what to do next, and the asyncio driver that does it."""
