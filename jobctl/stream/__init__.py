"""What a server says by itself about a job: one session of a WebSocket or of server-sent events."""
