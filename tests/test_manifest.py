"""The manifest says what the code does, in a form that editors and the marketplace's portal take."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hatchling.builders.wheel import WheelBuilder

from connector.crm.wire import VERSIONS
from connector.manifest.agreement import disagreements
from connector.manifest.code import code
from connector.manifest.model import Manifest, understood
from connector.manifest.needs import needs
from connector.manifest.portal import refusals
from connector.workflow.asked import INPUTS, ActionCall

ROOT = Path(__file__).parents[1]
MANIFEST: dict[str, Any] = json.loads((ROOT / "manifest.json").read_text())
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "manifest.schema.json").read_text())


def manifest() -> Manifest:
    read = understood(MANIFEST)
    assert isinstance(read, Manifest), read
    return read


def test_the_manifest_and_the_code_agree() -> None:
    assert list(map(str, disagreements(manifest(), code()))) == []


def test_the_portal_takes_it() -> None:
    assert list(map(str, refusals(manifest()))) == []


def test_every_verb_of_the_client_is_held_against_what_the_crm_asks_for() -> None:
    known = needs()
    assert set(VERSIONS) <= set(known)
    assert [verb for verb, need in known.items() if need.scope is None] == []


@pytest.mark.parametrize("action", manifest().workflow.actions, ids=lambda action: action.key)
def test_our_actions_understand_their_sample_payload(action: Any) -> None:
    asked = ActionCall.model_validate(action.sample_payload)
    INPUTS[action.key].model_validate(asked.data)


def test_the_steps_for_the_portal_name_all_that_is_entered_there() -> None:
    page, read = (ROOT / "docs" / "install.md").read_text(), manifest()
    entered = [scope.scope for scope in read.scopes] + [event.name for event in read.webhooks.events]
    entered += [read.webhooks.path, *read.oauth.redirect_paths, read.workflow.subscription_path, read.workflow.header]
    entered += [page.path for page in read.pages] + [setting.name for setting in read.settings]
    entered += [read.workflow.action_path.replace("{key}", action.key) for action in read.workflow.actions]
    entered += [module.key for module in (*read.workflow.triggers, *read.workflow.actions)]
    assert [name for name in entered if f"{name}`" not in page] == []


def test_the_schema_for_editors_is_published_as_it_is() -> None:
    """If this fails: ringback manifest schema > docs/manifest.schema.json."""
    assert json.loads(json.dumps(Manifest.model_json_schema())) == SCHEMA


def test_the_schema_takes_the_manifest() -> None:
    assert [error.message for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(MANIFEST)] == []


@pytest.mark.parametrize(("field", "value"), [("tagline", "Too short."), ("color", "blue"), ("scopes", [])])
def test_the_schema_refuses_what_the_code_refuses(field: str, value: object) -> None:
    broken = MANIFEST | {field: value}
    assert isinstance(understood(broken), list)
    assert not jsonschema_rs.is_valid(SCHEMA, broken)


def test_an_installed_package_has_the_manifest_too(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    assert json.loads(zipfile.ZipFile(wheel).read("connector/manifest.json")) == MANIFEST
