"""The marketplace's answers, held against the vendor's own OpenAPI files of both generations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.agency import COMPANY_ROUTES, CompanyRoute
from connector.sandbox.token_endpoint import TokenForm, TokenFormV3
from tests.connector.sandbox.crm import LOCATION
from tests.connector.sandbox.market import AGENCY, installed

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

OPENAPI = Path(__file__).parents[4] / "shared" / "openapi"
ALSO = {"traceId", "refreshTokenId", "userType", "companyId"}
"""Shown in the vendor's samples, though not in every schema."""
needs_openapi = pytest.mark.skipif(not OPENAPI.is_dir(), reason="the vendor's OpenAPI files are not beside the project")


def document(*, v3: bool) -> Any:
    return json.loads((OPENAPI / ("v3/oauth-v3.json" if v3 else "oauth.json")).read_text())


def schema(name: str, *, v3: bool) -> Any:
    return document(v3=v3)["components"]["schemas"][name]


def unknown(answer: dict[str, Any], form: Any) -> set[str]:
    """What the answer has and the schema does not; and what it must have and has not."""
    return (set(answer) - set(form["properties"]) - ALSO) | (set(form.get("required", ())) - set(answer))


@needs_openapi
@pytest.mark.parametrize("bulk", [True, False])
async def test_a_token_answer_has_the_schemas_fields(crm: Crm, *, bulk: bool) -> None:
    tokens = await installed(crm, LOCATION, bulk=bulk)
    assert unknown(tokens, schema("GetAccessCodeSuccessfulResponseDto", v3=False)) == set()


@needs_openapi
@pytest.mark.parametrize(
    ("model", "name", "v3"), [(TokenForm, "GetAccessCodebodyDto", False), (TokenFormV3, "GetAccessTokenBodyDto", True)]
)
def test_the_token_form_takes_the_schemas_fields(model: type[TokenForm], name: str, *, v3: bool) -> None:
    form = schema(name, v3=v3)
    fields = {field.alias or key: field.is_required() for key, field in model.model_fields.items()}
    assert set(fields) == set(form["properties"])
    assert {key for key, required in fields.items() if required} == set(form["required"])


@needs_openapi
@pytest.mark.parametrize("route", COMPANY_ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_an_agencys_verb_needs_the_schemas_scope_and_answers_its_fields(crm: Crm, route: CompanyRoute) -> None:
    tokens = await installed(crm, bulk=True)
    found = document(v3=route.v3)
    operation = found["paths"][route.path][route.method.lower()]
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Version": "v3" if route.v3 else "2021-07-28"}
    form = {"companyId": AGENCY, "locationId": LOCATION} if route.writes else None
    params = None if route.writes else {"companyId": AGENCY, "appId": "sandbox"}
    async with crm.client.request(route.method, route.path, data=form, params=params, headers=headers) as response:
        answer = await response.json()
    assert operation["security"] == [{"Agency-Access-Only": [route.scope]}]
    assert unknown(answer, found["components"]["schemas"][content.rpartition("/")[2]]) == set()
