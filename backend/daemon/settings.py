"""The daemon's settings: a TOML file, which variables of the environment override, which options override."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from raiha.gallery_tools.errors import RaihaError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Settings:
    """How the daemon runs. The file has these names in a table ``[daemon]``; ``RAIHA_PORT`` is ``port``, and so on.

    Attributes:
        port: TCP port on 127.0.0.1; 0 takes a free one.
        idle_seconds: without a job, after which the worker process ends and gives its memory back.
        unused_seconds: without a client, after which the daemon ends; 0: never.
        device: where the network runs: auto, cpu, cuda, cuda:1, mps.
        log_level: debug, info, warning or error; only debug writes names of files to the log.
    """

    port: int = 0
    idle_seconds: float = 300.0
    unused_seconds: float = 0.0
    device: str = "auto"
    log_level: str = "info"


def settings_file() -> Path:
    """Return the settings' file, whether it exists or not; ``RAIHA_CONFIG`` names another."""
    named = os.environ.get("RAIHA_CONFIG")
    return Path(named) if named else platformdirs.user_config_path("raiha", appauthor=False) / "raiha.toml"


def read_settings(options: Mapping[str, object]) -> Settings:
    """Return the settings.

    Args:
        options: of the command by name; None where the user gave none.

    Raises:
        RaihaError: ``bad-settings``.
    """
    file = settings_file()
    settings = _changed(Settings(), _entries(file), str(file))
    names = [field.name for field in dataclasses.fields(Settings)]
    variables = {f"RAIHA_{name.upper()}": name for name in names}
    given = {name: os.environ[variable] for variable, name in variables.items() if os.environ.get(variable)}
    settings = _changed(settings, given, "the environment")
    return _changed(settings, {name: value for name, value in options.items() if value is not None}, "the options")


def _entries(file: Path) -> Mapping[str, object]:
    try:
        with file.open("rb") as opened:
            table = tomllib.load(opened)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(str(file), f"it is not TOML: {error}") from error
    daemon = table.get("daemon", {})
    if not isinstance(daemon, dict):
        raise _bad(str(file), "daemon is not a table")
    return daemon


def _changed(settings: Settings, entries: Mapping[str, object], where: str) -> Settings:
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    values: dict[str, Any] = {}
    for name, entry in entries.items():
        if name not in fields:
            raise _bad(where, f"{name} is not a setting; settings are {', '.join(fields)}")
        kind = type(getattr(settings, name))
        try:
            if isinstance(entry, bool) or not isinstance(entry, int | float | str):
                raise ValueError
            values[name] = kind(entry)
        except ValueError as error:
            raise _bad(where, f"{name} is not a {'number' if kind is not str else 'text'}") from error
    changed = dataclasses.replace(settings, **values)
    if not 0 <= changed.port < 1 << 16 or not changed.idle_seconds >= 0 or not changed.unused_seconds >= 0:
        raise _bad(where, "port is 0 to 65535, and seconds are 0 or more")
    if changed.log_level not in LOG_LEVELS:
        raise _bad(where, f"log_level is one of {', '.join(LOG_LEVELS)}")
    return changed


def _bad(where: str, why: str) -> RaihaError:
    return RaihaError(
        "bad-settings", f"The daemon's settings in {where} cannot be used: {why}.", "Correct them.", exit_status=2
    )
