"""The client's errors in the words that the user reads: what is wrong, what to do, and where the log is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection_file import Daemon


class ClientError(Exception):
    """A failure that is shown to the user in these words.

    Attributes:
        code: short stable name, e.g. ``"no-daemon"``, ``"other-version"``, ``"wrong-key"``, ``"connection-closed"``,
            ``"damaged-connection-file"``, ``"foreign-connection-file"``, ``"cannot-start"``, or a code of the daemon.
        sentence: what is wrong.
        remedy: what to do about it.
        log_path: the daemon's log file, if known.
    """

    def __init__(self, code: str, sentence: str, remedy: str, log_path: str | None = None) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        self.log_path = log_path


class LayerError(ClientError):
    """A layer or a picture that cannot be harmonized as it is; ``words`` are a sentence and a remedy."""

    def __init__(self, words: tuple[str, str], **names: str) -> None:
        sentence, remedy = words
        super().__init__("layer", sentence.format(**names), remedy.format(**names))


def no_daemon() -> ClientError:
    """Return the error for a daemon that is not running."""
    return ClientError("no-daemon", "The Raiha daemon is not running.", "Start it with `raiha serve`.")


def damaged_file(path: Path, why: object) -> ClientError:
    """Return the error for a connection file that cannot be read."""
    return ClientError(
        "damaged-connection-file",
        f"The file {path} cannot be read ({why}).",
        "Stop the Raiha daemon if it is running, delete the file and try again.",
    )


def foreign_file(path: Path, why: str) -> ClientError:
    """Return the error for a file or folder that somebody else may have made or changed."""
    return ClientError(
        "foreign-connection-file",
        f"Raiha does not trust {path} because {why}. Nothing was sent.",
        "Delete it, or set RAIHA_RUNTIME_DIR to a folder that only you can write to, and try again.",
    )


def other_version(daemon: Daemon, protocol: int) -> ClientError:
    """Return the error for a daemon whose protocol is not the client's, which is ``protocol``."""
    return ClientError(
        "other-version",
        f"The running Raiha daemon (version {daemon.version}) uses protocol {daemon.protocol}, but this program uses "
        f"protocol {protocol}.",
        "Run `raiha stop`, install the newest Raiha, and run `raiha install-plugin` once.",
        daemon.log,
    )


def no_answer(daemon: Daemon, why: str) -> ClientError:
    """Return the error for a daemon that listens but does not respond."""
    return ClientError(
        "no-answer",
        f"The Raiha daemon (process {daemon.pid}) is not responding ({why}).",
        "Run `raiha stop`, or end that process, and try again.",
        daemon.log,
    )


def wrong_key(daemon: Daemon) -> ClientError:
    """Return the error for a daemon that has another key than its connection file."""
    return ClientError(
        "wrong-key",
        "The Raiha daemon does not use the key in its connection file.",
        f"Run `raiha stop`, or end process {daemon.pid}, and try again.",
        daemon.log,
    )


def connection_closed(daemon: Daemon, error: Exception) -> ClientError:
    """Return the error for a connection that broke while it was in use."""
    return ClientError(
        "connection-closed",
        f"The Raiha daemon stopped or closed the connection ({error or type(error).__name__}).",
        "Your picture is unchanged. Try again; the daemon's log may explain why.",
        daemon.log,
    )


def closed() -> ClientError:
    """Return the error for a client that was closed while jobs were running."""
    return ClientError("closed", "The connection to the Raiha daemon was closed.", "Try again.")


def frame_too_large(limit: int, log: str) -> ClientError:
    """Return the error for pixels that take more than the ``limit`` of the daemon in bytes."""
    return ClientError(
        "frame-too-large",
        f"The layer or its background is larger than the Raiha daemon accepts ({limit >> 20} MB).",
        "Crop the picture, or use a lower bit depth.",
        log,
    )


def cannot_start(error: Exception) -> ClientError:
    """Return the error for a daemon whose command cannot be run."""
    return ClientError(
        "cannot-start",
        f"The Raiha daemon could not be started ({error}).",
        "Install Raiha again, then run `raiha install-plugin` once.",
    )


def not_started(status: int | None, last_line: str, log: Path) -> ClientError:
    """Return the error for a daemon that was started but cannot be reached.

    Args:
        status: its exit status; None while it is still running.
        last_line: the last line that it printed.
        log: the file with all that it printed.
    """
    state = "is not ready after a minute" if status is None else f"exited immediately (exit status {status})"
    message = f" Its last message: {last_line[:300]}" if last_line else ""
    return ClientError(
        "not-started",
        f"The Raiha daemon was started, but {state}.{message}",
        f"Run `raiha doctor` in a terminal; the whole output is in {log}.",
        str(log),
    )


def start_cancelled() -> ClientError:
    """Return the error for a start that the user did not wait for."""
    return ClientError("cancelled", "Starting the Raiha daemon was cancelled.", "Try again.")
