"""The papers are true: links hold, commands exist, examples can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.cli import COMMANDS, main
from mappings.trunks import names

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_RINGBACK = re.compile(r"`?ringback ([a-z]+)")
_MAKE = re.compile(r"^make ([a-z]+)|`make ([a-z]+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    local = [link for link in _LINK.findall(page.read_text()) if not link.startswith(("http", "mailto"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {one or other for one, other in _MAKE.findall(page.read_text())}
    assert [target for target in named if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_a_shell_block_exists(page: Path) -> None:
    blocks = re.findall(r"```(?:sh|console|bash)\n(.*?)```", page.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.lstrip().startswith("#")]
    named = {word for line in lines for word in _RINGBACK.findall(line) if "ringback listens" not in line}
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", names())
def test_every_trunk_has_a_page(name: str) -> None:
    assert f"Trunk name: `{name}`" in (ROOT / "docs" / "trunks" / f"{name}.md").read_text()
    assert f"]({name}.md)" in (ROOT / "docs" / "trunks" / "README.md").read_text()


@pytest.mark.parametrize("example", sorted((ROOT / "docs" / "examples").glob("*.json")), ids=lambda path: path.name)
def test_every_example_is_a_call(example: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--trunk", "generic", str(example)]) == 0
    assert capfd.readouterr().out.startswith("accepted")
