from __future__ import annotations

import pytest

from jobctl.cli.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1GB", 10**9),
        ("500 MB", 5 * 10**8),
        ("64MiB", 2**26),
        ("1.5k", 1500),
        ("12", 12),
        ("0B", 0),
        ("2tb", 2 * 10**12),
    ],
)
def test_sizes_as_people_write_them(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1 XB", "1e9", "inf", "1iB"])
def test_anything_else_is_told_how_to_write_one(text):
    with pytest.raises(ValueError, match="expected a size such as 1GB"):
        parse_size(text)


def test_sizes_as_people_read_them():
    shown = [format_size(size) for size in (0, 999, 61_440, 1_200_000, 10**9)]
    assert shown == ["0 B", "999 B", "61.4 kB", "1.2 MB", "1 GB"]
