"""`raiha setup`: from a fresh installation to Harmonize in the editor's menu."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer

from raiha.backend.commands.output import JsonFlag, emit
from raiha.gallery_tools.errors import RaihaError

_TITLES = {"krita": "Krita", "gimp": "GIMP"}


def setup(
    photos: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Folder of photos to index; can be given several times.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Where Raiha runs: auto, cpu, cuda, cuda:1, mps.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take each question's default.")] = False,
    json: JsonFlag = False,
) -> None:
    """Install the plug-ins of the editors found here, and index photos as references, after at most three questions.

    Nothing is changed before the last answer. A device other than before is kept in raiha.toml, for the daemon. The
    command can be run again at any time.

    Examples:

        raiha setup

        raiha setup --yes --photos ~/Pictures --device cpu
    """
    from raiha.backend.commands.install_plugin import as_object
    from raiha.backend.daemon.settings import read_settings
    from raiha.backend.plugin_installer.found_editors import found_editors

    found, set_device = found_editors(Path.home()), read_settings({}).device
    try:
        editors = found if not found or yes else _asked_editors(found)
        folders = photos or _existing(_default_photos() if yes else _asked_photos())
        device = device or (set_device if yes else _asked_device(set_device))
    except typer.Abort as error:
        raise RaihaError(
            "interrupted", "Nothing was changed.", "Run `raiha setup` again, or with --yes.", exit_status=130
        ) from error
    _require_usable(folders, device)
    reports = [_installer(editor).install(Path.home()) for editor in editors]
    notes = [note for report in reports for note in report.notes]
    if device != set_device:
        notes.append(_keep_device(device))
    indexed, summary = _indexed(folders, device) if folders else (None, "No photos were indexed.")
    result = {"plugins": [as_object(report) for report in reports], "index": indexed, "device": device}
    emit(result, json, "\n".join([*notes, summary, _ending(editors, found)]))


def _asked_editors(found: list[str]) -> list[str]:
    titles = " and ".join(_TITLES[name] for name in found)
    return found if typer.confirm(f"Install the plug-in for {titles}?", default=True, err=True) else []


def _default_photos() -> str:
    folder = platformdirs.user_pictures_path()
    is_own = folder.is_dir() and folder != Path.home()  # which a system without a folder for pictures may name
    return str(folder) if is_own else ""


def _asked_photos() -> str:
    question = "Folder of photos to find references in (- for none)"
    answer: str = typer.prompt(question, default=_default_photos() or "-", err=True)
    return "" if answer.strip() == "-" else answer.strip()


def _existing(folder: str) -> list[Path]:
    return [Path(folder).expanduser()] if folder else []


def _asked_device(present: str) -> str:
    """Ask where Raiha runs if there is a choice."""
    from raiha.gallery_tools.devices import CPU, chosen_device

    if chosen_device() == CPU:
        return present
    return str(typer.prompt(f"Run on the GPU ({chosen_device()}) or the processor (cpu)?", default=present, err=True))


def _require_usable(folders: list[Path], device: str) -> None:
    """Check the answers before anything is changed."""
    from raiha.gallery_tools.devices import chosen_device

    chosen_device(device)
    for folder in folders:
        if not folder.is_dir():
            raise RaihaError(
                "no-folder", f"{folder} is not a folder.", "Name a folder of photos, or - for none.", exit_status=2
            )


def _installer(editor: str) -> Any:
    return importlib.import_module(f"raiha.backend.plugin_installer.{editor}")


def _indexed(folders: list[Path], device: str) -> tuple[dict[str, object] | None, str]:
    """Return what indexing did, as an object and in words; a folder without photos is no failure of the setup."""
    from raiha.backend.commands.index import read_photos
    from raiha.gallery_tools.index_request import IndexRequest

    try:
        return read_photos(IndexRequest("default", folders, device=device))
    except RaihaError as error:
        if error.code != "no-photos":
            raise
        return None, error.sentence


def _keep_device(device: str) -> str:
    """Write the device into a new settings file; return what was done, or what is left to do by hand."""
    from raiha.backend.daemon.settings import settings_file

    file, line = settings_file(), f'device = "{device}"'
    if file.exists():
        return f"Write {line} below [daemon] in {file}: your own settings there were left as they are."
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[daemon]\n{line}\n", "utf-8")
    return f"Wrote {file}"


def _ending(editors: list[str], found: list[str]) -> str:
    if editors:
        return f"Open {' or '.join(_TITLES[name] for name in editors)}: Filter > Harmonize."
    if found:
        return "No plug-in was installed; `raiha install-plugin` does so at any time."
    return "Neither Krita nor GIMP 3 was found. Install one of them, start it once, and run `raiha setup` again."
