"""`raiha demo`: harmonize a sample, and draw pictures of the result."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from raiha.backend.commands.output import JsonFlag, emit, stderr

_SAMPLES = Path(__file__).parents[2] / "samples"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results; made when missing.")] = Path("demo-out"),
    samples: Annotated[
        Path, typer.Option(help="Folder with photos/ and masks/.", show_default="samples/ of the checkout")
    ] = _SAMPLES,
    json: JsonFlag = False,
) -> None:
    """Index sample photos, start a daemon, harmonize a pasted layer through it, and draw a sheet of the result.

    Works offline. Your own galleries and daemon are left alone.

    Examples:

        raiha demo --out demo-out
    """
    from PIL import Image

    from raiha.backend.commands.demo_scene import (
        flatten,
        harmonize_scene,
        index_samples,
        make_scene,
        own_daemon,
        private_folders,
    )
    from raiha.backend.commands.demo_sheet import draw_before_after, draw_sheet

    scene = make_scene(samples)
    out.mkdir(parents=True, exist_ok=True)
    work = (out / "work").absolute()
    shutil.rmtree(work, ignore_errors=True)
    with private_folders(work):
        stderr.print("Indexing the sample photos ...")
        index_samples(samples)
        stderr.print("Harmonizing through a daemon ...")
        with own_daemon():
            result = harmonize_scene(scene, lambda *_: None)
    before = flatten(scene.background, scene.layer, scene.offset)
    after = flatten(scene.background, result.layer, scene.offset)
    pictures = draw_before_after(before, after)
    files = {
        "layer": out / "layer.png",
        "flattened": out / "flattened.png",
        "before_after": out / "before-after.jpg",
        "sheet": out / "sheet.png",
    }
    Image.fromarray(result.layer).save(files["layer"])
    Image.fromarray(after).save(files["flattened"])
    pictures.save(files["before_after"], quality=88)
    draw_sheet(pictures, result.references).save(files["sheet"])
    references = [
        {"path": str(one.path), "score": one.score, "content": one.content, "appearance": one.appearance}
        for one in result.references
    ]
    report = {**{name: str(file) for name, file in files.items()}, "references": references}
    emit(report, json, f"Look at {files['sheet']}.")
