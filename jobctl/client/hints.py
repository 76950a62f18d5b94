"""What a person can do about a refusal, by its status. Pure."""

from __future__ import annotations

from typing import Final

from jobctl.durations import format_duration

_HINTS: Final = {
    400: "the API does not understand the request: check the profile's paths and fields",
    401: "set the token the profile names (`jobctl profiles` shows which), or check that it has not expired",
    403: "the credentials are known but may not do this: check the account behind the token",
    404: "check the id, --profile and --base-url",
    405: "the API does not allow this method here: check the profile's operations",
    409: "the state of the job does not allow this: `jobctl status JOB` shows it",
    410: "the server has forgotten this job: check the id, --profile and --base-url",
    418: "something in front of the API refuses this kind of client: ask whoever runs it",
    422: "the API understood the request and refuses what is in it: correct what it names",
    429: "the API asks for fewer requests",
    501: "the API does not offer this: check the profile's operations",
    511: "the network asks for a sign-in first: open any web page in a browser",
}
_SERVER_ERROR: Final = "an error inside the API or in front of it, which may pass: the server's log says more"


def hint_for(status: int, wait: float | None = None) -> str | None:
    """Return the next step after an HTTP status; `wait` is what `Retry-After` asks for."""
    hint = _HINTS.get(status) or (_SERVER_ERROR if status >= 500 else None)
    if wait and hint and (status >= 500 or status == 429):
        return f"{hint}; ask again in {format_duration(wait)}"
    return f"{hint}; ask again later, or about fewer jobs at once" if status == 429 else hint
