"""Sealed secrets open with their own keys, in their own place, unchanged, and nowhere else."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.vault import RELOAD_S, Vault, VaultError, add_key, generate_key, load_or_make_keys, place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OLD, NEW = generate_key(), generate_key()
HERE = place("loc1", "token")

text = st.text(st.characters(exclude_categories=["Cs"]))


@given(text, text)
def test_what_is_sealed_opens_in_its_place(value: str, where: str) -> None:
    vault = Vault([NEW])
    assert vault.open(vault.seal(value, bound_to=where), bound_to=where) == value


@given(text, text)
def test_what_was_moved_does_not_open(here: str, there: str) -> None:
    vault = Vault([NEW])
    sealed = vault.seal("secret", bound_to=here)
    if here != there:
        with pytest.raises(VaultError):
            vault.open(sealed, bound_to=there)


def test_another_key_does_not_open() -> None:
    with pytest.raises(VaultError):
        Vault([NEW]).open(Vault([OLD]).seal("secret", bound_to=HERE), bound_to=HERE)


def test_no_byte_can_be_changed() -> None:
    vault = Vault([NEW])
    raw = base64.urlsafe_b64decode(vault.seal("secret", bound_to=HERE))
    for index in range(len(raw)):
        changed = raw[:index] + bytes([raw[index] ^ 1]) + raw[index + 1 :]
        with pytest.raises(VaultError):
            vault.open(base64.urlsafe_b64encode(changed), bound_to=HERE)


@given(st.binary(max_size=200))
def test_anything_else_does_not_open(sealed: bytes) -> None:
    with pytest.raises(VaultError):
        Vault([NEW]).open(sealed, bound_to=HERE)


def test_an_older_key_still_opens() -> None:
    sealed = Vault([OLD]).seal("secret", bound_to=HERE)
    assert Vault([NEW, OLD]).open(sealed, bound_to=HERE) == "secret"


def test_after_rotation_the_old_key_is_not_needed() -> None:
    sealed = Vault([OLD]).seal("secret", bound_to=HERE)
    rotated = Vault([NEW, OLD]).rotate(sealed, bound_to=HERE)
    assert Vault([NEW]).open(rotated, bound_to=HERE) == "secret"


def test_rotation_does_not_move_a_secret() -> None:
    vault = Vault([NEW])
    with pytest.raises(VaultError):
        vault.rotate(vault.seal("secret", bound_to=HERE), bound_to=place("loc2", "token"))


def test_the_newest_key_seals() -> None:
    sealed = Vault([NEW, OLD]).seal("secret", bound_to=HERE)
    assert Vault([NEW]).open(sealed, bound_to=HERE) == "secret"


def test_there_must_be_a_key() -> None:
    with pytest.raises(VaultError, match="no secret key"):
        Vault([])


@pytest.mark.parametrize("key", ["", "too-short", "é" * 44, "A" * 40], ids=ascii)
def test_a_bad_key_is_named_by_its_place_only(key: str) -> None:
    with pytest.raises(VaultError, match="number 2") as caught:
        Vault([NEW, key])
    assert not key or key not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_failure_shows_the_secret_or_the_key() -> None:
    vault = Vault([NEW])
    sealed = vault.seal("very-secret", bound_to=HERE)
    with pytest.raises(VaultError) as caught:
        vault.open(sealed, bound_to="elsewhere")
    shown = f"{caught.value!r} {caught.value} {vault!r}"
    assert "very-secret" not in shown
    assert NEW not in shown


def test_the_first_start_makes_a_key_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    (key,) = load_or_make_keys(path)
    Vault([key])
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_next_start_finds_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert load_or_make_keys(path) == load_or_make_keys(path)


def test_nothing_else_is_left_beside_the_file(tmp_path: Path) -> None:
    load_or_make_keys(tmp_path / "keys")
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_many_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: tuple(load_or_make_keys(tmp_path / "keys")), range(64)))
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_others_may_use_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    load_or_make_keys(path)
    path.chmod(mode)
    with pytest.raises(VaultError, match="chmod 600"):
        load_or_make_keys(path)


def test_keys_are_read_newest_first_without_comments(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.touch(0o600)
    path.write_text(f"# newest\n{NEW}\n\n  {OLD}\n")
    assert load_or_make_keys(path) == [NEW, OLD]


def test_an_emptied_file_is_not_filled_anew(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.touch(0o600)
    with pytest.raises(VaultError, match="holds no key"):
        load_or_make_keys(path)
    assert path.read_bytes() == b""


def test_a_missing_folder_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_or_make_keys(tmp_path / "nowhere" / "keys")


class Keys:
    """A key file, as it is read again; counts how often."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)
        self.reads = 0
        self.now_s = 0.0

    def __call__(self) -> Sequence[str]:
        self.reads += 1
        return self.keys

    def vault(self) -> Vault:
        return Vault(list(self.keys), self, timer=lambda: self.now_s)


def test_a_key_that_another_process_added_is_noticed() -> None:
    keys = Keys(OLD)
    vault = keys.vault()
    keys.keys.insert(0, NEW)
    sealed = Vault([NEW]).seal("secret", bound_to=HERE)
    assert vault.open(sealed, bound_to=HERE) == "secret"
    assert Vault([NEW]).open(vault.seal("next", bound_to=HERE), bound_to=HERE) == "next"


def test_what_never_opens_does_not_have_the_keys_read_again_and_again() -> None:
    keys = Keys(OLD)
    vault = keys.vault()
    for _ in range(100):
        with pytest.raises(VaultError):
            vault.open(b"from a stranger", bound_to=HERE)
    assert keys.reads == 1
    keys.now_s += RELOAD_S
    with pytest.raises(VaultError):
        vault.open(b"from a stranger", bound_to=HERE)
    assert keys.reads == 2


@pytest.mark.parametrize("broken", [[], ["half a key"]])
def test_a_key_file_that_cannot_be_read_now_costs_nothing_that_is_known(broken: list[str]) -> None:
    keys = Keys(OLD)
    vault = keys.vault()
    sealed = vault.seal("secret", bound_to=HERE)
    keys.keys = broken
    with pytest.raises(VaultError):
        vault.open(b"something else", bound_to=HERE)
    assert vault.open(sealed, bound_to=HERE) == "secret"


def test_it_is_known_which_key_sealed_something() -> None:
    vault = Vault([NEW, OLD])
    sealed = [Vault([key]).seal("secret", bound_to=HERE) for key in (NEW, OLD, generate_key())]
    assert [vault.sealed_with(one) for one in sealed] == [1, 2, None]


def test_a_new_key_is_put_in_front_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    before = load_or_make_keys(path)
    added = add_key(path)
    assert added[1:] == before
    assert load_or_make_keys(path) == added
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["keys"]


def test_many_that_add_a_key_at_once_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    load_or_make_keys(path)
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: add_key(path)[0], range(24)))
    assert set(added) < set(load_or_make_keys(path))
    assert len(load_or_make_keys(path)) == 25


def test_no_key_is_added_where_others_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    load_or_make_keys(path)
    path.chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        add_key(path)
