"""Which hosts are this machine itself. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Final

_SHORT_LOOPBACK: Final = re.compile(r"127(?:\.\d{1,8}){0,2}", re.ASCII)


def is_loopback(host: str) -> bool:
    """Tell whether traffic to `host` stays on this machine; such traffic never goes through a proxy."""
    name = host.casefold().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    if _SHORT_LOOPBACK.fullmatch(name):  # what the C library makes of `127.1`
        return "." in name
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    # Connecting to 0.0.0.0 or :: ends up here as well.
    return address.is_loopback or address.is_unspecified
