"""The keeper hands out the token that is kept, and says what to do when there is none."""

from __future__ import annotations

import pytest

from oauth.keeper import TOKEN, Keeper, NoTokenError
from oauth.vault import Vault, generate_key, place

VAULT = Vault([generate_key()])


class Source:
    """Sealed secrets by sub-account and name; counts how often it is read."""

    def __init__(self) -> None:
        self.sealed: dict[tuple[str, str], bytes] = {}
        self.reads = 0

    def give(self, location: str, token: str) -> None:
        self.sealed[location, TOKEN] = VAULT.seal(token, bound_to=place(location, TOKEN))

    async def secret(self, location: str, name: str) -> bytes | None:
        self.reads += 1
        return self.sealed.get((location, name))


@pytest.fixture
def source() -> Source:
    made = Source()
    made.give("a", "pit-a")
    made.give("b", "pit-b")
    return made


async def test_each_sub_account_has_its_own_token(source: Source) -> None:
    keeper = Keeper(source, VAULT)
    assert [await keeper.access_token("a"), await keeper.access_token("b")] == ["pit-a", "pit-b"]


async def test_a_token_is_opened_once(source: Source) -> None:
    keeper = Keeper(source, VAULT)
    assert [await keeper.access_token("a") for _ in range(3)] == ["pit-a"] * 3
    assert source.reads == 1


async def test_a_new_token_is_seen_after_a_while(source: Source) -> None:
    now = [0.0]
    keeper = Keeper(source, VAULT, ttl_s=30, timer=lambda: now[0])
    await keeper.access_token("a")
    source.give("a", "pit-new")
    now[0] = 31
    assert await keeper.access_token("a") == "pit-new"


async def test_a_new_token_is_seen_at_once_after_forget(source: Source) -> None:
    keeper = Keeper(source, VAULT)
    await keeper.access_token("a")
    source.give("a", "pit-new")
    keeper.forget("a")
    assert await keeper.access_token("a") == "pit-new"


async def test_all_tokens_can_be_forgotten(source: Source) -> None:
    keeper = Keeper(source, VAULT)
    await keeper.access_token("a")
    source.give("a", "pit-new")
    keeper.forget_all()
    assert await keeper.access_token("a") == "pit-new"


async def test_forgetting_what_was_never_known_is_fine(source: Source) -> None:
    Keeper(source, VAULT).forget("nobody")


async def test_without_a_token_the_words_say_how_to_give_one(source: Source) -> None:
    with pytest.raises(NoTokenError, match=r"ringback location set nobody --token"):
        await Keeper(source, VAULT).access_token("nobody")


async def test_a_token_is_looked_for_again_after_it_was_missing(source: Source) -> None:
    keeper = Keeper(source, VAULT)
    with pytest.raises(NoTokenError):
        await keeper.access_token("late")
    source.give("late", "pit-late")
    assert await keeper.access_token("late") == "pit-late"


async def test_a_token_of_another_sub_account_is_no_token(source: Source) -> None:
    source.sealed["a", TOKEN] = source.sealed["b", TOKEN]
    with pytest.raises(NoTokenError, match="cannot be opened"):
        await Keeper(source, VAULT).access_token("a")


async def test_the_space_around_a_pasted_token_does_not_count(source: Source) -> None:
    source.give("a", "  pit-a\n")
    assert await Keeper(source, VAULT).access_token("a") == "pit-a"


@pytest.mark.parametrize("token", ["", "two words", "bre\nak", "bre\r\nX-Evil: 1", "smörgås", "nul\x00"])
async def test_what_no_header_may_carry_is_no_token(token: str, source: Source) -> None:
    source.give("a", token)
    with pytest.raises(NoTokenError) as caught:
        await Keeper(source, VAULT).access_token("a")
    assert not token or token not in str(caught.value)


async def test_keeps_no_more_tokens_in_memory_than_its_size(source: Source) -> None:
    keeper = Keeper(source, VAULT, size=1)
    for location in ("a", "b", "a"):
        await keeper.access_token(location)
    assert source.reads == 3


async def test_the_keeper_does_not_show_its_tokens(source: Source) -> None:
    keeper = Keeper(source, VAULT)
    await keeper.access_token("a")
    assert "pit-a" not in repr(keeper)
