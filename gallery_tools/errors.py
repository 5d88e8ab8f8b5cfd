"""The one kind of error that a user sees: what is wrong, and what to do about it."""

from __future__ import annotations


class RaihaError(Exception):
    """A failure that the user reads as a sentence, with a second sentence on what to do.

    Attributes:
        code: short machine-readable name, e.g. ``"empty-mask"``; stable, sent over the protocol.
        sentence: what is wrong, for a person.
        remedy: what to do about it, for a person.
        exit_status: the exit status of the command line: 1 failure, 2 wrong usage.
    """

    def __init__(self, code: str, sentence: str, remedy: str, *, exit_status: int = 1) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        self.exit_status = exit_status
