"""Notes in memory: something that an agent can change, so that approval has a point."""

from dataclasses import dataclass, field

MAX_NOTES = 1000
MAX_TEXT = 10_000


class NoteError(ValueError):
    """The note cannot be had or kept; the message tells an agent what to do instead."""


@dataclass(slots=True)
class Notes:
    """Notes by title; they are gone when the process ends."""

    _texts: dict[str, str] = field(default_factory=dict)

    def save(self, title: str, text: str) -> str:
        """Keep a note, replacing one of the same title."""
        if len(text) > MAX_TEXT:
            raise NoteError(f"A note holds at most {MAX_TEXT} characters.")
        if title not in self._texts and len(self._texts) >= MAX_NOTES:
            raise NoteError("There are too many notes; delete one first.")
        replaced = title in self._texts
        self._texts[title] = text
        return f"{'Replaced' if replaced else 'Saved'} the note “{title}”."

    def titles(self) -> list[str]:
        """All titles, in alphabetical order."""
        return sorted(self._texts)

    def read(self, title: str) -> str:
        """A note's text."""
        if title not in self._texts:
            raise NoteError(self._unknown(title))
        return self._texts[title]

    def delete(self, title: str) -> str:
        """Remove a note for good."""
        if title not in self._texts:
            raise NoteError(self._unknown(title))
        del self._texts[title]
        return f"Deleted the note “{title}”."

    def _unknown(self, title: str) -> str:
        existing = ", ".join(f"“{other}”" for other in self.titles()) or "none yet"
        return f"There is no note “{title}”; there are: {existing}."
