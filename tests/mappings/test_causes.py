"""The table of causes and its look-ups."""

from __future__ import annotations

import pytest

from mappings import causes
from mappings.call import Disposition

# RFC 3398, 7.2.4.1 (cause value to status), as far as the RFC gives one number.
TO_SIP = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502,
    28: 484, 29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503,
    65: 488, 70: 488, 79: 501, 87: 403, 88: 503, 102: 504, 111: 500, 127: 500,
}  # fmt: skip
# RFC 3398, 8.2.6.1 (status to cause value).
TO_Q850 = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127,
    414: 127, 415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28,
    485: 1, 486: 17, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1,
}  # fmt: skip


def test_every_q850_value_has_a_row() -> None:
    assert all(causes.q850(value) for value in range(128))


def test_q850_maps_to_sip_as_rfc_3398_has_it() -> None:
    assert {value: causes.to_sip(value) for value in range(128) if causes.to_sip(value)} == TO_SIP


def test_sip_maps_to_q850_as_rfc_3398_has_it() -> None:
    assert {status: causes.to_q850(status) for status in range(100, 700) if causes.to_q850(status)} == TO_Q850


def test_a_rejection_by_the_user_is_a_decline() -> None:
    assert causes.to_sip(21, by_user=True) == 603


def test_an_unassigned_value_has_the_disposition_of_its_class() -> None:
    unassigned, last_of_class = causes.q850(37), causes.q850(47)
    assert unassigned is not None
    assert last_of_class is not None
    assert unassigned.disposition is last_of_class.disposition


@pytest.mark.parametrize(
    ("written", "kind", "code"),
    [
        ("NORMAL_CLEARING", "q850", 16),
        ("Normal Clearing", "q850", 16),
        ("normal_clearing", "q850", 16),
        ("User alerting, no answer", "q850", 19),
        ("Unallocated (unassigned) number", "q850", 1),
        ("Busy Here", "sip", 486),
        ("sip:486", "sip", 486),
        ("SIP 486", "sip", 486),
        ("SIP/2.0 486 Busy Here", "sip", 486),
        ("486", "sip", 486),
        ("486 Busy Here", "sip", 486),
        ("200", "sip", 200),
        ("17", "q850", 17),
        ("Q.850;cause=17", "q850", 17),
        ('Q.850;cause=16;text="Normal call clearing"', "q850", 16),
        ("SIP;cause=487", "sip", 487),
        ("Busy Everywhere", "sip", 600),
        ("BUSY_EVERYWHERE", "fs", 815),
        ("ORIGINATOR_CANCEL", "fs", 487),
        ("702", "fs", 702),
    ],
)
def test_a_cause_is_known_however_it_is_written(written: str, kind: str, code: int) -> None:
    found = causes.named(written)
    assert found is not None
    assert (found.kind, found.code) == (kind, code)


@pytest.mark.parametrize(
    "written", [None, "", "0", "NONE", "UNASSIGNED", "128", "299", "999", "4861", "no idea", "9" * 999]
)
def test_what_is_no_cause_is_none(written: str | None) -> None:
    assert causes.named(written) is None


def test_a_rejected_call_is_not_taken_for_sip_608() -> None:
    """Its phrase is "Rejected", but people who write that mean the callee."""
    assert causes.named("Rejected") is None


def test_every_switch_cause_has_its_number() -> None:
    found = causes.internal(702)
    assert found is not None
    assert found.name == "LOSE_RACE"


@pytest.mark.parametrize(
    ("written", "sensible"), [("USER_BUSY", True), ("603", False), ("404", False), ("what", False)]
)
def test_a_redial_is_sensible_where_the_table_says_so(written: str, sensible: bool) -> None:  # noqa: FBT001 - a column of the table above
    assert causes.redial_sensible(written) is sensible


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        (403, Disposition.REJECTED),
        (404, Disposition.INVALID_NUMBER),
        (408, Disposition.NO_ANSWER),
        (503, Disposition.CONGESTION),
        (607, Disposition.BLOCKED),
    ],
)
def test_a_status_has_its_disposition(status: int, disposition: Disposition) -> None:
    found = causes.sip(status)
    assert found is not None
    assert found.disposition is disposition
