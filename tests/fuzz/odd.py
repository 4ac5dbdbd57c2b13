"""Values that readers of other people's data fall over. PURE."""

from __future__ import annotations

from typing import Any

DEEP = "@deep@"
"""Stands for lists inside lists, deeper than a writer of JSON would go: put in after writing."""
LONG = "@long@"
"""Likewise for a number of more digits than Python takes (int's limit is 4300)."""

_NUMBERS = (0, -1, 1, -0.0, 0.5, 1e-320, 1e308, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30)
_NOT_NUMBERS = (float("nan"), float("inf"), float("-inf"))
_EPOCHS = (253_402_300_800, 253_402_300_800_000, -62_135_596_801, -1_000, 32_503_680_000_000_000, 1_777_903_200)

_TIMES = (
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-02-30T25:61:61Z",
    "2026-05-04T14:00:60.999999999999Z",
    "2026-05-04 14:00:00 -2400",
    "20260504T140000",
    "2026-W19-1",
    "0000-00-00 00:00:00",
    "1969-12-31T23:59:59.9Z",
    "2026-05-04T14:00:00+00:00:00.000001",
    "Mon, 04 May 2026 14:00:00 +9999",
    "Mon, 04 May 99999 14:00:00 +0000",
    "Mon, 04 May 2026 14:00:00 -0000 (x)",
    "1777903200.000001",
    "-1777903200",
    "1e12",
    "253402300800",
    "99999999999999999999",
)
_DIGITS = (
    "²",
    "½",
    "٣٤٥",
    "１２３",
    "߁",
    "Ⅷ",
    "1_000",
    "+1",
    "-0",
    " 7 ",
    "0x10",
    "1e999",
    "NaN",
    "Infinity",
    "9" * 400,
)
_SIGNS = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\udcff",
    "\ufeff",
    "\u202e+12025550100",
    "+1\u00a0202\u2011555",
    "e\u0301",
    "ß",
    "İ",
    "\u2028",
    "\U0001f4de" * 40,
    "%",
    "%2",
    "%ff",
    "%s%d{}{0}",
    "a=b&c=d",
    "=;,:&|/\\?#",
    "\r\nX: y",
    "null",
    "true",
    "[]",
    "{}",
    "[[[[",
    '{"a":{"b":',
    "<a>",
    "&lt;!ENTITY",
    "x" * 5_000,
    "+" + "1" * 5_000,
    "(" * 2_000,
    "a" * 3_000 + "!",
    " " * 5_000,
    "-" * 3_000,
)
_NUMBERS_OF_PHONES = (
    "sip:+12025550100@example.com;user=phone",
    '"A" <sip:a@b>;tag=1',
    "<<>>",
    "tel:+1-202",
    "sip:",
    "anonymous",
    "+0",
    "00",
    "client:agent",
    "sip:%ff%00@[::1]",
    "+" * 300,
)
_WORDS = ("completed", "busy", "answered", "initiated", "hangup", "no-answer", "in-progress", "CHANNEL_HANGUP_COMPLETE")
_CONTAINERS: tuple[Any, ...] = ([], {}, [[]], [{}], {"": None}, [None, None], {"a": {"a": {"a": 1}}}, [1, "1", {}])

TEXTS: tuple[str, ...] = (*_TIMES, *_DIGITS, *_SIGNS, *_NUMBERS_OF_PHONES, *_WORDS)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    *_NUMBERS,
    *_NOT_NUMBERS,
    *_EPOCHS,
    *TEXTS,
    *_CONTAINERS,
    DEEP,
    LONG,
)
