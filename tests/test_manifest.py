"""The manifest says what the code does."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from connector.crm.wire import VERSIONS
from connector.sandbox.routes import ROUTES
from connector.settings import Settings

MANIFEST = json.loads((Path(__file__).parents[1] / "manifest.json").read_text())


def test_every_verb_has_a_scope_and_every_scope_a_verb() -> None:
    listed = [verb for scope in MANIFEST["scopes"] for verb in scope["verbs"]]
    assert sorted(listed) == sorted(VERSIONS)


def test_every_scope_has_its_feature_in_words() -> None:
    assert all(scope["feature"] for scope in MANIFEST["scopes"])


def test_the_scopes_are_those_the_crm_knows() -> None:
    assert {scope["scope"] for scope in MANIFEST["scopes"]} <= {route.scope for route in ROUTES}


def test_version_and_limits_are_the_codes_own() -> None:
    assert MANIFEST["version"] == version("ringback")
    fields = Settings.model_fields
    assert MANIFEST["limits"] == {"burst": fields["crm_burst"].default, "daily": fields["crm_daily"].default}
