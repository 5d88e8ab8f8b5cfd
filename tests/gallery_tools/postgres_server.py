"""A PostgreSQL server for a test, in a folder of its own, reached through a socket there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Return the folder with PostgreSQL's server programs, the newest; None when it is not installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server; yield the address of its database. It is stopped and deleted at the end."""
    binaries = programs()
    assert binaries is not None
    # The server refuses to run as root.
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if user:
            shutil.chown(folder, "postgres")
        data = f"{folder}/data"
        settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"

        def run(program: str, *words: str) -> None:
            done = subprocess.run([str(binaries / program), *words], cwd=folder, capture_output=True, text=True, **user)
            assert done.returncode == 0, done.stdout + done.stderr

        run("initdb", "--auth=trust", "--username=raiha", "--encoding=UTF8", "-D", data)
        run("pg_ctl", "-w", "-D", data, "-l", f"{folder}/log", "-o", settings, "start")
        try:
            yield f"postgresql://raiha@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-D", data, "-m", "immediate", "stop")
