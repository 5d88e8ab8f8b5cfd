"""`raiha demo`: harmonize a sample, and draw pictures of the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from raiha.backend.commands.output import JsonFlag, emit, stderr
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.whole_file import replace_whole

_SAMPLES = Path(__file__).parents[2] / "samples"

_SIGNATURE = "made by raiha demo"
"""The comment by which the demonstration recognises its own pictures."""


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results; made when missing.")] = Path("demo-out"),
    samples: Annotated[
        Path, typer.Option(help="Folder with photos/ and masks/.", show_default="those that Raiha ships")
    ] = _SAMPLES,
    json: JsonFlag = False,
) -> None:
    """Index sample photos, start a daemon, harmonize a pasted layer through it, and draw a sheet of the result.

    Works offline. Your own galleries and daemon are left alone.

    Examples:

        raiha demo --out demo-out
    """
    from tempfile import TemporaryDirectory

    from raiha.backend.commands.demo_scene import (
        flatten,
        harmonize_scene,
        index_samples,
        make_scene,
        own_daemon,
        private_folders,
    )
    from raiha.backend.commands.demo_sheet import draw_before_after, draw_sheet

    files = {
        "layer": out / "layer.png",
        "flattened": out / "flattened.png",
        "before_after": out / "before-after.jpg",
        "sheet": out / "sheet.png",
    }
    scene = make_scene(samples)
    out.mkdir(parents=True, exist_ok=True)
    for file in files.values():
        _require_own(file)
    with TemporaryDirectory(prefix="raiha-demo-") as work, private_folders(Path(work)):
        stderr.print("Indexing the sample photos ...")
        index_samples(samples)
        stderr.print("Harmonizing through a daemon ...")
        with own_daemon():
            result = harmonize_scene(scene, lambda *_: None)
    before = flatten(scene.background, scene.layer, scene.offset)
    after = flatten(scene.background, result.layer, scene.offset)
    pictures = draw_before_after(before, after)
    _save(Image.fromarray(result.layer), files["layer"])
    _save(Image.fromarray(after), files["flattened"])
    _save(pictures, files["before_after"])
    _save(draw_sheet(pictures, result.references), files["sheet"])
    references = [
        {"path": str(one.path), "score": one.score, "content": one.content, "appearance": one.appearance}
        for one in result.references
    ]
    report = {**{name: str(file) for name, file in files.items()}, "references": references}
    emit(report, json, f"Look at {files['sheet']}.")


def _save(picture: Image.Image, file: Path) -> None:
    with replace_whole(file) as whole:
        if file.suffix == ".jpg":
            picture.save(whole, quality=88, comment=_SIGNATURE)
        else:
            signed = PngInfo()
            signed.add_text("comment", _SIGNATURE)
            picture.save(whole, pnginfo=signed)


def _require_own(file: Path) -> None:
    """Check that nothing is in the file's place but what an earlier demonstration left there."""
    if not file.exists():
        return
    try:
        with Image.open(file) as picture:
            is_own = picture.info.get("comment") in (_SIGNATURE, _SIGNATURE.encode())
    except OSError:
        is_own = False
    if not is_own:
        raise RaihaError(
            "would-overwrite",
            f"{file} was not made by `raiha demo`, which would write over it.",
            "Name another folder with --out.",
            exit_status=2,
        )
