"""The `raiha` command. Each sub-command is the file of its name beside this one."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from raiha.backend.commands.output import emit_error
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import describe_failure

COMMANDS = [
    "harmonize",
    "index",
    "gallery",
    "search",
    "serve",
    "status",
    "stop",
    "install_plugin",
    "models",
    "evaluate",
    "demo",
    "doctor",
    "setup",
]
"""Sub-commands in the order of `raiha --help`: a file here with a function of that name, or for a group an `app`."""


_AS_JSON = "raiha.as_json"


class Commands(TyperGroup):
    """The group of all sub-commands: the one place where errors become sentences and exit statuses.

    A sub-command's file is imported when it is called: all of them take longer than most have to do.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all sub-commands."""
        return [name.replace("_", "-") for name in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a sub-command; None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"raiha.backend.commands.{name}")
        holder = typer.Typer(rich_markup_mode="rich")
        if hasattr(module, "app"):
            holder.add_typer(module.app, name=cmd_name)
        else:
            holder.command(cmd_name)(getattr(module, name))
        return typer.main.get_group(holder).commands[cmd_name]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note whether errors are to be printed as JSON, which each sub-command's own option says."""
        ctx.meta[_AS_JSON] = "--json" in args
        self.commands = dict.fromkeys(self.list_commands(ctx))  # type: ignore[assignment]  # names, to suggest one
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the sub-command; print what failed, whichever library raised it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            interrupted = RaihaError("interrupted", "Interrupted.", "Run the command again to start over.")
            emit_error(interrupted, ctx.meta[_AS_JSON])
            raise typer.Exit(130) from error
        except BrokenPipeError:  # whoever read the output has gone, as `head` does
            raise
        except Exception as error:
            described = describe_failure(error)
            if described is None:
                raise
            emit_error(described, ctx.meta[_AS_JSON])
            raise typer.Exit(described.exit_status) from error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata

        print(f"raiha {importlib.metadata.version('raiha')}")
        raise typer.Exit


@app.callback()
def raiha(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Harmonize a pasted object with its picture: Filters > Harmonize for Krita and GIMP, and this command."""


def main() -> None:
    """Run the `raiha` command: its entry point."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is printed with escapes; it is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
