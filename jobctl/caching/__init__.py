"""Does something on the way answer from memory? The experiment, its rules, and the mitmproxy addon."""
