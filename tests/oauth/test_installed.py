"""The list of an agency's sub-accounts, in both forms."""

from __future__ import annotations

import orjson
import pytest

from oauth.installed import Installed, decode_page, installed_path
from oauth.refusal import MalformedGrantError


def test_the_old_form_asks_for_what_is_installed_by_number() -> None:
    path, version = installed_path("C 1", "app", after="40", limit=20, v3=False)
    assert version == "2021-07-28"
    assert path == "/oauth/installedLocations?companyId=C%201&appId=app&isInstalled=true&skip=40&limit=20"


def test_the_new_form_asks_by_the_last_pages_token() -> None:
    path, version = installed_path("C1", "app", after="t/k", limit=50, v3=True)
    assert version == "v3"
    assert path == ("/oauth/installed-locations?companyId=C1&appId=app&isInstalled=true&pageSize=50&pageToken=t%2Fk")


def test_an_old_page_goes_on_while_it_is_full() -> None:
    body = orjson.dumps({"locations": [{"_id": "a", "name": "A"}, {"_id": "b"}], "count": 99})
    page = decode_page(body, after="2", limit=2)
    assert page.locations == (Installed("a", "A"), Installed("b", None))
    assert page.next == "4"
    assert decode_page(body, after="4", limit=3).next is None


def test_a_new_page_says_itself_whether_it_goes_on() -> None:
    pagination = {"hasNextPage": True, "nextPageToken": "n2"}
    body = {"items": [{"_id": "a"}], "pagination": pagination, "installToFutureLocations": True}
    page = decode_page(orjson.dumps(body), after=None, limit=1)
    assert (page.next, page.future) == ("n2", True)
    body["pagination"] = {"hasNextPage": False, "nextPageToken": "n3"}
    assert decode_page(orjson.dumps(body), after="n2", limit=1).next is None


def test_one_that_is_not_installed_is_left_out_and_still_fills_its_page() -> None:
    body = orjson.dumps({"locations": [{"_id": "a", "isInstalled": False}, {"_id": "b", "isInstalled": True}]})
    page = decode_page(body, after=None, limit=2)
    assert (page.locations, page.next) == ((Installed("b", None),), "2")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"locations": {}}', b'{"items": [1]}', b'{"items": [{"_id": 3}]}']
)
def test_what_is_no_list_is_told(body: bytes) -> None:
    with pytest.raises(MalformedGrantError):
        decode_page(body, after=None, limit=10)
