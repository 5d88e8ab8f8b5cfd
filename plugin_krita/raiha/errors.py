"""What ends a run of the plug-in: a mistake told to the user, or the user's wish."""


class LayerError(Exception):
    """A layer or document that cannot be harmonized as it is.

    Attributes:
        sentence: what is wrong, for a person.
        remedy: what to do about it, for a person.
    """

    def __init__(self, words: tuple[str, str], **names: str) -> None:
        self.sentence, self.remedy = (part.format(**names) for part in words)
        super().__init__(f"{self.sentence} {self.remedy}")
