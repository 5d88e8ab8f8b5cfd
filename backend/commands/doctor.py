"""`raiha doctor`: check everything that Raiha needs, and explain how to fix what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from raiha.backend.commands.output import JsonFlag, emit
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import describe_failure

Check = Callable[[], str]
"""Returns what it found, or raises when something is wrong."""

_LEAST_FREE_GB = 0.5
_STATE = {True: "ok   ", False: "WRONG"}


def doctor(
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a zip to attach to a report of a problem, without personal paths."),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Check engine, weights, folders, galleries, plug-ins and the daemon. Exit code 1 when something is wrong.

    With --bundle the exit code is 0 when the zip was written, whatever is wrong. The zip holds the findings,
    versions, settings, the daemon's state and last errors, and the end of its log; the user's name and names of files
    and folders are left out.

    Examples:

        raiha doctor

        raiha doctor --json > diagnostics.json

        raiha doctor --bundle raiha-report.zip
    """
    target = bundle.expanduser().absolute() if bundle else None
    try:
        checks = [_checked(name, check) for name, check in _checks()]
        findings = "\n".join(f"{_STATE[check['ok']]}  {check['name']}: {check['found']}" for check in checks)
        if target:
            from raiha.backend.commands.problem_report import write_report

            write_report(target, findings)
    except Exception as error:
        raise describe_failure(error) or _unexpected(error) from error
    is_well = all(check["ok"] for check in checks)
    written = {"bundle": target} if target else {}
    text = f"{findings}\nThe report is in {target}. Look through it before you send it." if target else findings
    emit({"ok": is_well, "checks": checks, **written}, json, text)
    if not is_well and not target:
        raise typer.Exit(1)


def _unexpected(error: Exception) -> RaihaError:
    return RaihaError(
        "doctor-failed",
        f"The checks could not be completed ({type(error).__name__}: {error}).",
        "Install Raiha again; if that does not help, report this sentence.",
    )


def _checks() -> Iterator[tuple[str, Check]]:
    yield "versions", _versions
    yield "engine", _engine
    yield "folders", _folders
    yield "disk", _disk
    yield "extractor", _extractor
    yield "network", _network
    yield "galleries", _galleries
    yield "plug-ins", _plugins
    yield "daemon", _daemon


def _checked(name: str, check: Check) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "found": check()}
    except Exception as error:  # whatever is wrong with one of them, the others are checked as well
        described = describe_failure(error)
        found = f"{described.sentence} {described.remedy}" if described else f"{type(error).__name__}: {error}"
        return {"name": name, "ok": False, "found": found}


def _versions() -> str:
    import platform
    from importlib.metadata import version

    packages = ", ".join(f"{name} {version(name)}" for name in ("raiha", "onnxruntime", "numpy", "faiss-cpu", "pyzmq"))
    return f"Python {platform.python_version()} on {platform.platform()}, {packages}"


def _engine() -> str:
    from raiha.gallery_tools.devices import CPU, chosen_device, has_torch

    device = chosen_device()
    if device != CPU:
        import torch

        name = torch.cuda.get_device_name() if device == "cuda" else "Apple GPU"
        return f"PyTorch {torch.__version__} on {device} ({name})"
    from onnxruntime import __version__

    extra = "PyTorch is installed and finds no GPU" if has_torch() else "a GPU needs `pip install 'raiha[torch]'`"
    return f"ONNX Runtime {__version__} on the processor; {extra}"


def _folders() -> str:
    import os

    from raiha.gallery_tools.folders import data_folder, runtime_folder

    for folder in (data_folder(), runtime_folder()):
        if not os.access(folder, os.W_OK):
            raise RaihaError(
                "folder-read-only", f"{folder} cannot be written to.", "Give yourself the right to write there."
            )
    return f"data in {data_folder()}, connection file in {runtime_folder()}"


def _disk() -> str:
    import shutil

    from raiha.gallery_tools.folders import data_folder

    free = shutil.disk_usage(data_folder()).free / 1e9
    if free < _LEAST_FREE_GB:
        raise RaihaError(
            "disk-nearly-full", f"Only {free:.1f} GB are free for {data_folder()}.", "Make room for galleries and logs."
        )
    return f"{free:.1f} GB free"


def _extractor() -> str:
    import numpy as np

    from raiha.gallery_tools.extractors.extractor import load_extractor

    features = load_extractor().content_features([np.zeros((64, 64, 3), np.uint8)])[0]
    return f"bundled, {features.shape[2]} channels"


def _network() -> str:
    from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_notes
    from raiha.backend.network.engine import load_engine

    load_engine()
    return f"{SHIPPED_WEIGHTS.name}, trained on {read_notes(SHIPPED_WEIGHTS).get('samples', '?')} samples"


def _galleries() -> str:
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.gallery_file import gallery_names
    from raiha.gallery_tools.store import Gallery

    found = []
    for name in gallery_names():
        with Gallery(name) as gallery:
            if gallery.extractor == "bundled":  # others may have to be fetched to be compared
                gallery.require_weights(load_extractor().fingerprint)
            found.append(f"{name} ({gallery.status().photos} photos, {gallery.extractor})")
    return ", ".join(found) or "none yet; make one with `raiha index FOLDER`"


def _plugins() -> str:
    from importlib.metadata import version

    from raiha.backend.plugin_installer import gimp, krita

    places = [("gimp", one.plugin, True) for one in gimp.installations(Path.home())]
    for one in krita.installations(Path.home()):
        settings = one.settings.read_text("utf-8") if one.settings.is_file() else ""
        places.append(("krita", one.resources / "pykrita" / krita.PLUGIN, f"enable_{krita.PLUGIN}=true" in settings))
    found = []
    for editor, folder, is_enabled in places:
        if folder.is_dir():
            _require_plugin(editor, folder, is_enabled, version("raiha"))
            found.append(f"{editor} in {folder}")
    return ", ".join(found) or "none; put one into your editor with `raiha install-plugin krita` or `gimp`"


def _require_plugin(editor: str, folder: Path, is_enabled: bool, wanted: str) -> None:
    """Check that a plug-in is enabled, and of this version."""
    import json

    from raiha.backend.plugin_installer.shared import DAEMON_RECORD

    record = folder / DAEMON_RECORD
    installed = json.loads(record.read_text("utf-8")).get("version") if record.is_file() else None
    remedy = f"Run `raiha install-plugin {editor}`, and restart the editor."
    if installed != wanted:
        raise RaihaError("plugin-version", f"The plug-in in {folder} is of another version of Raiha.", remedy)
    if not is_enabled:
        raise RaihaError("plugin-off", f"The plug-in in {folder} is not enabled.", remedy)


def _daemon() -> str:
    from raiha.backend.client.raiha_client import Client, ClientError
    from raiha.backend.daemon.link import as_raiha_error

    try:
        with Client.connect(name="raiha doctor") as client:
            status = client.status()
    except ClientError as error:
        if error.code == "no-daemon":
            return "none is running; the plug-ins start one when they need it"
        raise as_raiha_error(error) from error
    return f"version {status['version']}, process {status['pid']}"
