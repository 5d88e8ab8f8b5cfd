"""`raiha models`: the extractors and the network, and whether their weights are here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from raiha.backend.commands.output import JsonFlag, emit, stderr

app = typer.Typer(no_args_is_help=True, help="The extractors and the network: which there are, and fetching weights.")


@app.command("list")
def list_models(json: JsonFlag = False) -> None:
    """List the network and every extractor, with licence and whether the weights are on this machine.

    Examples:

        raiha models list

        raiha models list --json
    """
    from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_notes
    from raiha.gallery_tools.extractors.hub import has_weights
    from raiha.gallery_tools.extractors.registry import EXTRACTORS

    extractors: list[dict[str, Any]] = [
        {
            "name": info.name,
            "dimension": info.dimension,
            "stride": info.stride,
            "licence": info.licence,
            "source": info.source,
            "here": has_weights(info),
        }
        for info in EXTRACTORS.values()
    ]
    network = {"file": str(SHIPPED_WEIGHTS), "notes": read_notes(SHIPPED_WEIGHTS)}
    lines = [f"network    {SHIPPED_WEIGHTS.name}, trained on {network['notes'].get('samples', '?')} samples"]  # type: ignore[attr-defined]
    lines += [
        f"{one['name']:<10} {'here' if one['here'] else 'not fetched yet':<16} {one['licence']}" for one in extractors
    ]
    emit({"network": network, "extractors": extractors}, json, "\n".join(lines))


@app.command("pull")
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An extractor, as `raiha models list` names it.")],
    json: JsonFlag = False,
) -> None:
    """Fetch an extractor's weights from the hub, so that it works offline from then on.

    The bundled extractor is always here; nothing else in Raiha needs the internet.

    Examples:

        raiha models pull dvt-b
    """
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.extractors.hub import has_weights
    from raiha.gallery_tools.extractors.registry import extractor_info

    info = extractor_info(name)
    if not has_weights(info):
        stderr.print(f"Fetching {info.source} ...")
    load_extractor(name)
    emit({"name": name, "here": True}, json, f"{name} is here and loads.")
