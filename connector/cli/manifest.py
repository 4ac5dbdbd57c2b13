"""`ringback manifest check|emit|schema`: what the marketplace must know, and whether it is true."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from connector.cli import out
from connector.errors import UsageError
from connector.manifest import highlevel, portal
from connector.manifest import read as reading
from connector.manifest.model import Manifest, understood
from connector.manifest.workspace import is_frozen
from connector.settings import load
from oauth.install import app_id

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from connector.manifest.finding import Finding

EXAMPLE: Final = "https://calls.example.com"
"""Stands in the files where nobody has said where the service runs."""
NO_ID: Final = "not-known-yet"
_UNCHANGED: Final = "nothing was written."


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = command.add_subparsers(dest="kind", required=True, metavar="check|emit|schema")
    check = kinds.add_parser("check", help="hold the manifest against the code and the portal's rules")
    _which(check)
    check.add_argument("--json", action="store_true", help="as JSON")
    check.set_defaults(run=_check)
    emit = kinds.add_parser("emit", help="write it as the files of the vendor's marketplace CLI")
    _which(emit)
    emit.add_argument(
        "--format", choices=("highlevel",), default="highlevel", help="whose files (default: %(default)s)"
    )
    emit.add_argument("--out", required=True, metavar="DIR", help="an empty folder, or one that `ghl app pull` filled")
    emit.add_argument("--public-url", metavar="URL", help="where the service runs (default: RINGBACK_PUBLIC_URL)")
    emit.add_argument("--app-id", metavar="ID", help="the app (default: RINGBACK_CLIENT_ID before its hyphen)")
    emit.add_argument("--version-id", metavar="ID", help="its version (default: RINGBACK_VERSION_ID, or the app's id)")
    emit.add_argument("--json", action="store_true", help="as JSON")
    emit.set_defaults(run=_emit)
    schema = kinds.add_parser("schema", help="the manifest's JSON Schema, for editors")
    schema.set_defaults(run=_schema)


def _which(command: argparse.ArgumentParser) -> None:
    command.add_argument("--manifest", type=Path, metavar="FILE", help="another manifest than this installation's")


def _check(args: argparse.Namespace) -> int:
    found = _found(args.manifest)
    if args.json:
        out.as_json([{"where": one.where, "what": one.what, "do": one.do} for one in found])
    else:
        for one in found:
            out.line(str(one))
        out.line(f"{len(found)} to correct." if found else "The manifest and the code agree.")
    return int(bool(found))


def _found(file: Path | None) -> list[Finding]:
    from connector.manifest.agreement import disagreements  # noqa: PLC0415 - the whole service; only this needs it
    from connector.manifest.code import code  # noqa: PLC0415 - likewise

    manifest = understood(_document(file))
    if isinstance(manifest, list):
        return manifest
    return [*portal.refusals(manifest), *disagreements(manifest, code())]


def _document(file: Path | None) -> dict[str, Any]:
    return reading.content() if file is None else reading.read(file)


def _schema(_args: argparse.Namespace) -> int:
    out.as_json(Manifest.model_json_schema())
    return 0


def _emit(args: argparse.Namespace) -> int:
    manifest = _fit(args.manifest)
    folder = Path(args.out)
    before = dict(_there(folder, manifest))
    place = _place(args, before.get(highlevel.APP, {}))
    made = highlevel.files(manifest, place, before)
    for path, document in made.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    notes = list(_notes(place, made, before))
    if args.json:
        out.as_json({"files": list(made), "notes": notes})
        return 0
    for path in made:
        out.line(str(folder / path))
    for note in notes:
        print(note, file=sys.stderr)  # noqa: T201 - this is the command line
    return 0


def _fit(file: Path | None) -> Manifest:
    """A manifest that the portal would take.

    Raises:
        UsageError: it would not; names everything that is wrong.
    """
    manifest = understood(_document(file))
    found = manifest if isinstance(manifest, list) else list(portal.refusals(manifest))
    if isinstance(manifest, list) or found:
        wrong = "\n".join(f"{one.where}: {one.what}" for one in found)
        raise UsageError(
            f"The manifest cannot be used:\n{wrong}", means=_UNCHANGED, do="run `ringback manifest check`."
        )
    return manifest


def _there(folder: Path, manifest: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    """The vendor's files that are in that folder already."""
    workflow = manifest.workflow
    modules = [highlevel.module_path("triggers", one) for one in workflow.triggers]
    modules += [highlevel.module_path("actions", one) for one in workflow.actions]
    for path in (highlevel.APP, highlevel.WEBHOOKS, *modules):
        if (folder / path).exists():
            yield path, reading.read(folder / path)


def _place(args: argparse.Namespace, before: Mapping[str, Any]) -> highlevel.Place:
    settings = load()
    app = args.app_id or (app_id(settings.client_id) if settings.client_id else None)
    bound = before.get("appId", NO_ID)
    if app and bound not in (app, NO_ID):
        raise UsageError(
            f"That folder belongs to the app {bound}, not to {app}.",
            means=_UNCHANGED,
            do="choose the app's own folder, or an empty one.",
        )
    url = (args.public_url or settings.public_url or EXAMPLE).rstrip("/")
    return highlevel.Place(url, app or NO_ID, args.version_id or settings.version_id or app or NO_ID)


def _notes(
    place: highlevel.Place, made: Mapping[str, dict[str, Any]], before: Mapping[str, dict[str, Any]]
) -> Iterator[str]:
    """What whoever pushes these files has to know."""
    if place.public_url == EXAMPLE:
        yield f"The files say {EXAMPLE}: set RINGBACK_PUBLIC_URL, or give --public-url, and write them again."
    elif why := portal.unfit(place.public_url):
        yield f"{place.public_url} will be refused: {why}."
    if made[highlevel.APP]["appId"] == NO_ID:
        yield f"The app's id is not known: run `ghl app pull` first and write into its folder, or replace {NO_ID!r}."
    for path in made:
        if is_frozen(before.get(path, {})):
            yield f"{path} is published and stays as it is: to change it, make a new version first (docs/install.md)."
    if missing := list(highlevel.unfilled(made[highlevel.APP])):
        yield f"Only you can fill in, in {highlevel.APP} or in the portal: {', '.join(missing)}."
