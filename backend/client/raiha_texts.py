"""The words of both plug-ins' menus, dialogs and messages, so that Krita and GIMP show the same ones.

These are in English; ``use_language`` puts the words of another language, a file of ``translations/``, in their place.
So read a text when it is shown, as ``texts.TITLE``, and never import it by its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

TITLE = "Harmonize"
MENU_ENTRY = "Harmonize..."
MENU_ENTRY_AGAIN = "Harmonize Again"
TOOLTIP = "Match a pasted object to the light and colour of its picture"
TOOLTIP_AGAIN = "Harmonize the selected layers with the last settings, without the dialog"

PREVIEW_SIDE = 768
PREVIEW = "Preview"
PREVIEW_BEFORE = "Before"
PREVIEW_AFTER = "After"
PREVIEW_WAITING = "Preparing the preview"
PREVIEW_HINT = (
    "Drag the line, or move it with the Left and Right keys. Space switches between before and after. "
    "The wheel zooms; drag the picture to move it."
)
PREVIEW_PIXELS = "Reading the layer's own pixels"
LITTLE_CHANGED = "Already fits; little was changed. Raise the strength for more."
LITTLE_CHANGE = 2.0
"""Mean CIEDE2000 of a change below which the object fitted already."""

ZOOM_OUT = "Zoom out"
ZOOM_IN = "Zoom in"
ZOOM_FIT = "Fit"
ZOOM_FIT_TOOLTIP = "Show the whole preview"
ZOOM_TRUE = "1:1"
ZOOM_TRUE_TOOLTIP = "Show a pixel of the layer as a pixel of the screen"

STRENGTH = "Strength"
STRENGTH_TOOLTIP = "How much of the change is made; above 100 % it is exaggerated"

WHAT = "Change"
WHAT_TOOLTIP = "Change colour and luminance, or only one of them"
WHAT_LABELS: tuple[str, ...] = ("Colour and luminance", "Colour only", "Luminance only")

ADJUST = "Adjust"
ADJUST_TOOLTIP = "What the network found for this object; change it as you wish"
ADJUST_LABELS: Mapping[str, str] = {
    "exposure": "Exposure",
    "temperature": "Temperature",
    "tint": "Tint",
    "contrast": "Contrast",
    "brightness": "Brightness",
    "saturation": "Saturation",
    "veil": "Veil",
    "shading": "Shading",
}
"""Labels of the adjustments, by the protocol's names, in the order of the dialogs."""
ADJUST_TOOLTIPS: Mapping[str, str] = {
    "exposure": "Lighter or darker, in stops",
    "temperature": "Warmer above 0, cooler below, in stops of red against blue",
    "tint": "More magenta above 0, greener below, in stops",
    "contrast": "Contrast of the middle tones; black and white stay",
    "brightness": "Middle tones lighter or darker; black and white stay",
    "saturation": "Stronger or paler colours",
    "veil": "How much haze covers the object",
    "shading": "How much of the light that changes over the object is added",
}
ADJUST_RESET_HINT = "Double-click to reset"
ADJUST_RESET_ALL = "Reset All"
ADJUST_RESET_ALL_TOOLTIP = "Set every adjustment back to what the network found"

FINISH_LABELS: Mapping[str, str] = {
    "clean_edge": "Clean edge",
    "match_grain": "Match grain",
    "match_sharpness": "Match sharpness",
}
FINISH_TOOLTIPS: Mapping[str, str] = {
    "clean_edge": "Remove a rim of the old background from the object's edge",
    "match_grain": "Add the noise of the scene that the object lacks",
    "match_sharpness": "Blur the object if it is plainly sharper than the scene around it",
}
"""Labels of what is done after the colours and what each does, in the order of the dialogs."""

GALLERY = "Gallery"
GALLERY_TOOLTIP = "Your photos that are searched for references: similar things in similar light"
GALLERY_NONE = "None"
GALLERY_MISSING = "{gallery} (not found)"
GALLERY_LABEL = "{gallery} ({photos} photos)"
GALLERY_LABEL_SINGLE = "{gallery} (1 photo)"
GALLERY_ADD = "Add a Folder of Photos..."
GALLERY_ADD_TOOLTIP = "Read a folder of your photos once, so that references can be found in it; nothing is uploaded"
GALLERY_ADD_TITLE = "Choose a Folder of Photos"
GALLERY_READING = "Reading photo {done} of {total}"
GALLERY_FINDING = "Looking for photos"
GALLERY_ADDED = "{photos} photos are in the gallery “{gallery}”."
GALLERY_ADDED_SINGLE = "1 photo is in the gallery “{gallery}”."
GALLERY_SKIPPED = "{photos} files could not be read."
GALLERY_SKIPPED_SINGLE = "1 file could not be read."
GALLERY_BROWSE = "Look Through..."
GALLERY_BROWSE_TOOLTIP = "See the photos of this gallery"
GALLERY_REMOVE = "Remove Gallery..."
GALLERY_REMOVE_TOOLTIP = "Forget this gallery; the photos themselves stay where they are"
GALLERY_REMOVE_QUESTION = "Remove the gallery “{gallery}”? The photos themselves stay where they are."
GALLERY_REMOVE_YES = "Remove"

REFERENCES = "References"
REFERENCES_TOOLTIP = "Photos whose light and colour the object takes on; double-click one to see it large"
REFERENCES_EMPTY = "No references: the object is matched to its own picture only."
REFERENCE_EXCLUDE = "Exclude"
REFERENCE_EXCLUDE_TOOLTIP = "Never use this photo"
REFERENCE_INCLUDE = "Include"
REFERENCE_PIN = "Pin"
REFERENCE_PIN_TOOLTIP = "Always use this photo for this object"
REFERENCE_UNPIN = "Unpin"
REFERENCE_PINNED = "Pinned"
REFERENCE_EXCLUDED = "Excluded"
REFERENCE_CHOSEN = "Chosen by you"
REFERENCE_CHOOSE = "Choose a Photo..."
REFERENCE_CHOOSE_TITLE = "Choose a Reference Photo"
REFERENCE_CHOOSE_TOOLTIP = "Use a photo from your disk as a reference"
REFERENCE_PHOTOS = "Photos (*.jpg *.jpeg *.png *.tif *.tiff *.webp *.heic *.avif)"
REFERENCE_KIND: tuple[str, ...] = ("same kind of thing", "similar thing", "small part alike")
"""For the shares of the object in ``_KIND_GRADES`` that have a match in the photo."""
REFERENCE_LIGHT: tuple[str, ...] = ("very similar light", "similar light", "different light")
"""For the cosines of appearance in ``_LIGHT_GRADES``."""
REFERENCE_REASON = "{kind}, {light}"
REFERENCE_LARGE_HINT = "Outlines of the same colour mark regions that match."
REFERENCE_GONE = "The photo {path} is not there any more."
RUN_AGAIN = "Run Again"
RUN_AGAIN_TOOLTIP = "Make a new preview with these references"

PLACEMENT = "Result"
PLACEMENT_TOOLTIP = "Where the harmonized object goes; the original can always be restored with Undo"
NEW_LAYER, IN_PLACE = "new-layer", "in-place"
PLACEMENT_LABELS: tuple[str, ...] = ("New layer, hide the original", "Replace the layer")

APPLY = "Harmonize"
CANCEL = "Cancel"
CLOSE = "Close"
HELP = "Help"
HELP_LINK = "How to install Raiha"
HELP_MANUAL = "How to Use Harmonize"
ABOUT = "About Raiha"
ABOUT_TEXT = (
    "Raiha {version} for {editor}. Matches a pasted object to the light and colour of its picture. "
    "Everything is computed on this computer; nothing is uploaded. Licence: GPL 3 or later."
)
LOG_OPEN = "Open the Log File"
LOG_MISSING = ("There is no log file yet.", "The daemon writes it when it runs for the first time.")
REPORT = "Report a Problem..."
REPORT_RUNNING = "Collecting the report"
REPORT_DONE = (
    "The report is in {path}. It holds versions, settings and the log, and none of your pictures. "
    "Look through it, then attach it to your report."
)
REPORT_FAILED = (
    "The report could not be collected ({why}).",
    "Run `raiha doctor --bundle raiha-report.zip` in a terminal.",
)

RESULT_NAME = "{layer} (harmonized)"
RESULT_NAME_ADJUSTED = "{layer} (harmonized: {adjustments})"

STAGES: Mapping[str, str] = {
    "starting": "Starting Raiha",
    "copying": "Copying the layer",
    "sending": "Sending the layer",
    "queued": "Waiting for another layer",
    "reading": "Reading the picture",
    "references": "Searching for references",
    "network": "Harmonizing",
    "applying": "Applying the result at full size",
    "receiving": "Receiving the layer",
    "writing": "Writing the layer",
}
"""Labels of the protocol's stages and of the plug-ins' own stages before and after them."""

CANCELLING = "Cancelling"
CANCELLED = "Harmonize was cancelled. Nothing was changed."
LOG_LINE = "Log file: {log}"

GIMP_ARGUMENTS: Mapping[str, str] = {
    "strength": "0 (the layer stays as it is) to 1.5",
    "change": "What changes: colour and luminance, or only one of them",
    "gallery": "The gallery that is searched for references; empty: no search",
    "references": "Photos that are always used as references",
    "excluded": "Photos of the gallery that are never used",
    "adjust": "Adjustments that replace the network's, as JSON",
    "result": "Where the result goes",
}
"""Explanations of the arguments of GIMP's procedure, for its procedure browser."""
GIMP_EXCLUDED = "Excluded"
GIMP_HELP = (
    "Sends the selected layers and the picture around them to the Raiha daemon on this computer, which searches a "
    "gallery for photos with similar content in similar light, and adds the harmonized layers to the picture."
)

UNEXPECTED: tuple[str, str] = (
    "Something went wrong in the plug-in.",
    "Your picture is unchanged, or Undo restores it. Please report this error and attach the log.",
)

# What is wrong with a layer, and what to do about it.
NO_LAYER: tuple[str, str] = ("No layer is selected.", "Select the layer with the pasted object and try again.")
LAYER_HIDDEN: tuple[str, str] = ("The layer “{layer}” is hidden.", "Show it and try again.")
LAYER_LOCKED: tuple[str, str] = ("The layer “{layer}” is locked.", "Unlock it and try again.")
LAYER_EMPTY: tuple[str, str] = (
    "The layer “{layer}” is empty.",
    "Select a layer with an object on it and try again.",
)
LAYER_ALONE: tuple[str, str] = (
    "Nothing is visible apart from the layer “{layer}”.",
    "Show or add the layer with the picture that it belongs in, and try again.",
)
LAYER_COVERS: tuple[str, str] = (
    "The layer “{layer}” covers the whole picture.",
    "Select the object first, or put it on its own layer.",
)
LAYER_BELOW = "“{layer}” covers the whole picture, and “{above}” lies above it. Harmonize “{above}” instead?"
LAYER_ABOVE_YES = "Harmonize “{above}”"
SELECTION_ELSEWHERE: tuple[str, str] = (
    "The selection does not overlap the layer “{layer}”.",
    "Select a part of the object, or clear the selection to harmonize all of it.",
)
SELECTION_WHOLE: tuple[str, str] = (
    "The selection covers the whole picture.",
    "Select only the object, so that the picture around it is left.",
)
COLOUR_SPACE_UNKNOWN: tuple[str, str] = (
    "Layers in the colour space {space} cannot be harmonized.",
    "Convert the layer to RGB and try again.",
)
ADJUST_UNKNOWN: tuple[str, str] = (
    "The adjustments cannot be read.",
    "Give a JSON object with numbers that are named {names}.",
)
INDEXED_COLOURS: tuple[str, str] = ("This picture has indexed colours.", "Choose Image > Mode > RGB and try again.")
FLOATING_SELECTION: tuple[str, str] = (
    "The pasted object is a floating selection.",
    "Choose Layer > To New Layer and try again.",
)
NOTE_ONE_FRAME = "“{layer}” is animated: only its current frame was harmonized, as a new layer."
NOTE_FLATTENED = "The result of “{layer}” is a plain paint layer."
NOTE_UNDO_STEPS = "Undo {times} to restore the original."

DONE = "Harmonized “{layer}”. Undo {times} to restore the original."
DONE_MANY = "Harmonized {layers} layers. Undo {times} to restore the original."
TIMES: tuple[str, ...] = ("once", "twice")
TIMES_MANY = "{count} times"

TRANSLATIONS = Path(__file__).with_name("translations")
ENGLISH = "en"
_KIND_GRADES, _LIGHT_GRADES = (0.4, 0.2), (0.9, 0.7)
"""Least values of all grades but the last; `raiha search` uses the same."""
_NOT_TRANSLATED = ("PREVIEW_SIDE", "LITTLE_CHANGE", "NEW_LAYER", "IN_PLACE", "TRANSLATIONS", "ENGLISH")


def catalogue() -> dict[str, Any]:
    """Return the texts that are shown now, by the names above: a string, a tuple of strings, or a mapping to strings.

    ``use_language`` replaces exactly these.
    """
    names = [name for name in globals() if name.isupper() and name[0] != "_" and name not in _NOT_TRANSLATED]
    return {name: globals()[name] for name in names}


_ENGLISH_TEXTS = catalogue()


def languages() -> list[str]:
    """Return the languages that there are texts in, e.g. ``"de"``, ``"zh_CN"``, with English first."""
    return [ENGLISH, *sorted(path.stem for path in TRANSLATIONS.glob("*.json"))]


def use_language(wanted: Iterable[str]) -> str:
    """Show the texts in the first language of ``wanted`` that they are translated into; return which.

    Args:
        wanted: names of languages as the editor or the system has them, best first: ``"de"``, ``"de_AT.UTF-8"``,
            ``"zh-Hans-CN"``. ``"C"`` is English, and so is everything if none is known.
    """
    language = _first_known(wanted)
    texts: Mapping[str, Any] = {}
    if language != ENGLISH:
        texts = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
    for name, english in _ENGLISH_TEXTS.items():
        text = texts.get(name, english)
        globals()[name] = tuple(text) if isinstance(english, tuple) else text
    return language


def _first_known(wanted: Iterable[str]) -> str:
    known = languages()
    for name in wanted:
        parts = name.replace("-", "_").split(".")[0].split("@")[0].split("_")
        if parts[0] in ("C", "POSIX"):
            return ENGLISH
        if parts[0].lower() == "zh":
            # The traditional script, of Taiwan and Hong Kong, is none of ours.
            parts = ["zh", "TW" if {"Hant", "TW", "HK", "MO"} & set(parts[1:]) else "CN"]
        for candidate in ("_".join(parts), parts[0].lower()):
            if candidate in known:
                return candidate
    return ENGLISH


def what_choices() -> list[tuple[str | None, str]]:
    """Return the protocol's values of ``only`` with their labels, in the order of the dialogs."""
    return list(zip((None, "colour", "luminance"), WHAT_LABELS))  # noqa: B905  (Python 3.8)


def placement_choices() -> list[tuple[str, str]]:
    """Return where the result can go, with labels, in the order of the dialogs; the first is the default."""
    return list(zip((NEW_LAYER, IN_PLACE), PLACEMENT_LABELS))  # noqa: B905  (Python 3.8)


def gallery_label(name: str, photos: int) -> str:
    """Return a gallery's label: its name and its number of photos."""
    return (GALLERY_LABEL_SINGLE if photos == 1 else GALLERY_LABEL).format(gallery=name, photos=photos)


def gallery_added(name: str, photos: int, skipped: int) -> str:
    """Return the message about a folder that was read: photos in the gallery now, and files that could not be read."""
    words = [(GALLERY_ADDED_SINGLE if photos == 1 else GALLERY_ADDED).format(gallery=name, photos=photos)]
    if skipped:
        words.append((GALLERY_SKIPPED_SINGLE if skipped == 1 else GALLERY_SKIPPED).format(photos=skipped))
    return " ".join(words)


def reference_reason(content: float | None, appearance: float | None) -> str:
    """Return why a reference was chosen, in words.

    Args:
        content: share of the foreground's patches whose content has a match in the photo, 0 to 1; None: the user
            chose the photo.
        appearance: mean cosine between the appearance of background patches and that of the photo's patches with
            the same content, -1 to 1; None as above.
    """
    if content is None or appearance is None:
        return REFERENCE_CHOSEN
    kind, light = _grade(content, _KIND_GRADES), _grade(appearance, _LIGHT_GRADES)
    words = REFERENCE_REASON.format(kind=REFERENCE_KIND[kind], light=REFERENCE_LIGHT[light])
    return words[:1].upper() + words[1:]


def _grade(value: float, least: Sequence[float]) -> int:
    """Return the number of the first grade whose least value is reached, or one more than the last."""
    return next((grade for grade, bound in enumerate(least) if value >= bound), len(least))


def reference_notes(reason: str, pinned: bool, excluded: bool) -> list[str]:
    """Return the lines below a reference's name: whether it is pinned or excluded, and why it was chosen."""
    state = REFERENCE_PINNED if pinned else REFERENCE_EXCLUDED if excluded else ""
    return [note for note in (state, reason) if note]


def reference_explanation(path: str, content: float | None, appearance: float | None) -> str:
    """Return a reference's whole path and why it was chosen; arguments as those of ``reference_reason``."""
    return f"{path}\n{reference_reason(content, appearance)}"


def reference_name(path: str) -> str:
    """Return a reference's name in the list: its file name."""
    return PurePath(path).name


def error_text(sentence: str, remedy: str, log: str | None) -> str:
    """Return an error in full: what is wrong, what to do, and where the log is."""
    lines = [f"{sentence} {remedy}".strip()]
    if log:
        lines.append(LOG_LINE.format(log=log))
    return "\n\n".join(lines)


def done_text(layers: Sequence[str], undo_steps: int, notes: Sequence[str] = ()) -> str:
    """Return the message about a result that is in the document.

    Args:
        layers: names of the harmonized layers.
        undo_steps: how many undo steps restore the document.
        notes: sentences about what differs from the usual result.
    """
    times = undo_times(undo_steps)
    if len(layers) == 1:
        done = DONE.format(layer=layers[0], times=times)
    else:
        done = DONE_MANY.format(layers=len(layers), times=times)
    return " ".join([done, *notes])


def undo_times(steps: int) -> str:
    """Return how often Undo has to be chosen, in words."""
    return TIMES[steps - 1] if 1 <= steps <= len(TIMES) else TIMES_MANY.format(count=steps)
