"""The address where admins consent, and the state that comes back."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.install import App, StateError, Ticket, app_id, consent_url, is_browser_word, make_state, read_state
from oauth.vault import Vault, generate_key

VAULT = Vault([generate_key()])
BROWSER = "b" * 32
OTHER = "o" * 32
APP = App("64ab-xyz", "64ab", "https://calls.example.com/oauth/callback", ("contacts.readonly", "oauth.write"))
HOST = "https://marketplace.example.com"


def state(until_ms: int = 1000) -> str:
    return make_state(VAULT, ticket=Ticket("number-1", until_ms), browser=BROWSER)


def why(value: str, *, browser: str | None = BROWSER, now_ms: int = 0, vault: Vault = VAULT) -> str:
    with pytest.raises(StateError) as refused:
        read_state(vault, value, browser=browser, now_ms=now_ms)
    return refused.value.why


def test_the_consent_page_is_told_who_asks_for_what() -> None:
    url = urlsplit(consent_url(APP, host=HOST, state="s"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{HOST}/v2/oauth/chooselocation"
    assert dict(parse_qsl(url.query)) == {
        "response_type": "code",
        "client_id": "64ab-xyz",
        "redirect_uri": "https://calls.example.com/oauth/callback",
        "scope": "contacts.readonly oauth.write",
        "version_id": "64ab",
        "loginWindowOpenMode": "self",
        "state": "s",
    }


def test_a_space_between_scopes_is_no_plus() -> None:
    assert "scope=contacts.readonly%20oauth.write" in consent_url(APP, host=HOST)


def test_a_link_for_anybody_has_no_state() -> None:
    assert "state" not in dict(parse_qsl(urlsplit(consent_url(APP, host=HOST)).query))


def test_the_apps_id_is_the_client_id_before_its_hyphen() -> None:
    assert app_id("64ab-xyz-more") == "64ab"


def test_a_state_comes_back_as_its_ticket() -> None:
    assert read_state(VAULT, state(), browser=BROWSER, now_ms=999) == Ticket("number-1", 1000)


def test_a_state_ends() -> None:
    assert why(state(1000), now_ms=1000) == "expired"


@pytest.mark.parametrize("browser", [OTHER, None, ""])
def test_a_state_is_for_the_browser_that_asked_for_it(browser: str | None) -> None:
    assert why(state(), browser=browser) == "other browser"


def test_a_state_of_other_keys_is_forged() -> None:
    assert why(state(), vault=Vault([generate_key()])) == "forged"


def test_a_sealed_token_is_no_state() -> None:
    assert why(VAULT.seal("a token", bound_to="LOC/token").decode()) == "forged"


@given(st.text(max_size=3000))
def test_whatever_else_comes_back_is_forged(text: str) -> None:
    assert why(text) == "forged"


@pytest.mark.parametrize("word", [None, "", "short", "w" * 65, "with space" * 3, "ä" * 30, "w" * 30 + "\n"])
def test_a_cookie_that_could_be_guessed_binds_nothing(word: str | None) -> None:
    assert not is_browser_word(word)
