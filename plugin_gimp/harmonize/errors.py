"""What can be wrong with the layer that is chosen in GIMP, beyond what both editors know."""

from __future__ import annotations

from raiha_client import ClientError

INDEXED = ("This picture has indexed colours.", "Choose Image > Mode > RGB and harmonize again.")
FLOATING_SELECTION = (
    "The pasted object is still a floating selection.",
    "Choose Layer > To New Layer and harmonize again.",
)


def layer_error(code: str, words: tuple[str, str], **names: str) -> ClientError:
    """Return the error that says what is wrong with a layer and what to do about it."""
    sentence, remedy = words
    return ClientError(code, sentence.format(**names), remedy.format(**names))
