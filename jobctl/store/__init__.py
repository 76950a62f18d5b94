"""jobctl's memory: jobs seen, decisions, tombstones, in one SQLite file that many processes share."""
