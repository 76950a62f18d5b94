"""What the passive protocol is made of: jobs in URLs, versions, runs of equal answers, replays."""
