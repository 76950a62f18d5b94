"""jobctl: what is this job's real status, and who lied about it?

Names are loaded when first used (PEP 562): `import jobctl` costs nothing, and the command line's start-up and
the mitmproxy addon pull in only what they need.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from jobctl._version import __version__

if TYPE_CHECKING:
    from jobctl.api import JobClient as JobClient
    from jobctl.caching.findings import Diagnosis as Diagnosis
    from jobctl.caching.findings import Finding as Finding
    from jobctl.caching.findings import Verdict as Verdict
    from jobctl.caching.middleware import NoStoreMiddleware as NoStoreMiddleware
    from jobctl.errors import ApiError as ApiError
    from jobctl.errors import ConfigError as ConfigError
    from jobctl.errors import DeadlineExceeded as DeadlineExceeded
    from jobctl.errors import JobctlError as JobctlError
    from jobctl.errors import JobNotSuccessful as JobNotSuccessful
    from jobctl.errors import ProtocolError as ProtocolError
    from jobctl.errors import SubmitUncertain as SubmitUncertain
    from jobctl.errors import TransportError as TransportError
    from jobctl.exchange import Exchange as Exchange
    from jobctl.exit_codes import ExitCode as ExitCode
    from jobctl.model import Decision as Decision
    from jobctl.model import Job as Job
    from jobctl.model import JobStatus as JobStatus
    from jobctl.model import Observation as Observation
    from jobctl.model import Source as Source
    from jobctl.observe import Reader as Reader
    from jobctl.profile.model import Profile as Profile
    from jobctl.reasons import Action as Action
    from jobctl.reasons import Reason as Reason
    from jobctl.reconcile import reconcile as reconcile
    from jobctl.scripting import cancel as cancel
    from jobctl.scripting import diagnose as diagnose
    from jobctl.scripting import status as status
    from jobctl.scripting import submit as submit
    from jobctl.scripting import wait as wait
    from jobctl.story import Story as Story
    from jobctl.watching.options import WatchOptions as WatchOptions

_HOMES: Final = {
    "jobctl.api": ("JobClient",),
    "jobctl.caching.findings": ("Diagnosis", "Finding", "Verdict"),
    "jobctl.caching.middleware": ("NoStoreMiddleware",),
    "jobctl.errors": (
        "ApiError",
        "ConfigError",
        "DeadlineExceeded",
        "JobNotSuccessful",
        "JobctlError",
        "ProtocolError",
        "SubmitUncertain",
        "TransportError",
    ),
    "jobctl.exchange": ("Exchange",),
    "jobctl.exit_codes": ("ExitCode",),
    "jobctl.model": ("Decision", "Job", "JobStatus", "Observation", "Source"),
    "jobctl.observe": ("Reader",),
    "jobctl.profile.model": ("Profile",),
    "jobctl.reasons": ("Action", "Reason"),
    "jobctl.reconcile": ("reconcile",),
    "jobctl.story": ("Story",),
    "jobctl.scripting": ("cancel", "diagnose", "status", "submit", "wait"),
    "jobctl.watching.options": ("WatchOptions",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: PLE0604 -- computed from the one table above
    "__version__",
    *_HOME_OF,
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """Keeps `jobctl.reconcile` the function: importing the module of that name would put itself there."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted(__all__)
