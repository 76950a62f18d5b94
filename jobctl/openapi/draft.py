"""A profile as far as it could be told: each finding with its reasons, and the table to write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from jobctl.openapi.found import Confidence, Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobctl.model import JobStatus
    from jobctl.openapi.words import Word

OPERATIONS: Final = ("submit", "read", "cancel", "list", "stream")
FIELDS: Final = ("id", "status", "progress", "updated_at", "error", "result", "attempt")


@dataclass(frozen=True)
class Draft:
    """One kind of job. `label` is its read as the document has it, `source` where all this was found.

    `unfilled` are parameters of the paths that only a person knows; `promised` the types of fields that the
    document says are always there; `extra` further settings of the profile; `bodies` the findings about those
    bodies that a call needs.
    """

    name: str
    label: str
    source: str
    base_url: Found
    operations: Mapping[str, Found]
    fields: Mapping[str, Found]
    words: tuple[Word, ...]
    auth: Found
    auth_table: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    bodies: Mapping[str, Found] = field(default_factory=dict)
    unfilled: tuple[str, ...] = ()
    promised: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Tell whether a job's status can be read with it."""
        return self.operations["read"].value is not None and self.fields["status"].value is not None

    @property
    def is_complete(self) -> bool:
        """Tell whether it can be used as it is, nothing left to fill in."""
        return self.is_usable and not self.unfilled

    @property
    def unsure_words(self) -> tuple[Word, ...]:
        """The words that a person has to decide on."""
        return tuple(word for word in self.words if word.status is None)

    def with_word(self, word: str, status: JobStatus) -> Draft:
        """Return the draft with one word decided by a person."""
        decided = tuple(
            one._replace(status=status, confidence=Confidence.HIGH, reason="decided by hand")
            if one.word == word
            else one
            for one in self.words
        )
        return replace(self, words=decided)

    def _calls(self) -> Iterator[tuple[str, Found]]:
        for name in OPERATIONS:
            yield name, self.operations[name]
            if (body := self.bodies.get(f"{name}_body")) is not None:
                yield f"{name}_body", body

    def _usual_words(self) -> list[tuple[str, Found]]:
        known = ", ".join(one.word for one in self.words if one.known)
        return [("status", Found(known, Confidence.HIGH, ("usual words",)))] if known else []

    def rows(self) -> list[tuple[str, Found]]:
        """Return all findings in the order they are shown and written."""
        return [
            ("base_url", self.base_url),
            *self._calls(),
            ("auth", self.auth),
            *((f"fields.{name}", self.fields[name]) for name in FIELDS if name in self.fields),
            *self._usual_words(),
            *((f"status {one.word}", _of_word(one)) for one in self.words if not one.known),
        ]


def _of_word(word: Word) -> Found:
    by_hand = "" if word.status is not None else "say what it means; until then it is unknown, never an end"
    value = word.status.value if word.status is not None else None
    return Found(value, word.confidence, (word.reason,), by_hand)
