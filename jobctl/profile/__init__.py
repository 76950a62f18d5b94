"""How one API spells things: paths, fields, status words, stream shape, cancel semantics, auth, routes."""

from __future__ import annotations

from jobctl.profile.auth import Auth
from jobctl.profile.model import Profile, Tls
from jobctl.profile.urls import Operation

__all__ = ["Auth", "Operation", "Profile", "Tls"]
