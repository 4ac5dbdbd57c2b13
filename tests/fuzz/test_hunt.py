"""What the fuzzer calls a finding."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from mappings.call import Call
from mappings.payload.request import Credentials, NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import trunk
from tests.fuzz.__main__ import lines, main
from tests.fuzz.corpus import SECRET, corpus
from tests.fuzz.hunt import Hunt, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERIC = trunk("generic")
CORPUS = corpus(GENERIC)


def raises(error: Exception) -> Hunt:
    def parse(_: Request) -> list[Call]:
        raise error

    return Hunt(replace(GENERIC, parse=parse), CORPUS, 1)


def test_what_the_corpus_composes_is_believed_and_fixtures_are_in_it() -> None:
    composed = [request for request in CORPUS if request.headers]
    for request in composed:
        GENERIC.verify(request, Credentials((SECRET,)))
    assert 0 < len(composed) < len(CORPUS)


def test_any_other_exception_is_a_finding() -> None:
    report = raises(KeyError("from")).run(range(3))
    assert [finding.kind.split(" at ")[0] for finding in report.findings.values()] == ["KeyError"]


def test_the_same_fault_is_kept_once_and_counted() -> None:
    report = raises(KeyError("from")).run(range(3))
    assert list(report.times.values()) == [3]


def test_a_refusal_is_no_finding() -> None:
    report = raises(NotUnderstoodError("no")).run(range(3))
    assert (report.findings, report.refused) == ({}, 3)


def test_unverified_is_no_answer_of_parse() -> None:
    assert raises(UnverifiedError("no")).run(range(1)).findings


def test_not_understood_is_no_answer_of_verify() -> None:
    def verify(_request: Request, _credentials: Credentials) -> None:
        raise NotUnderstoodError("no")

    assert Hunt(replace(GENERIC, verify=verify), CORPUS, 1).run(range(1)).findings


def test_a_call_that_cannot_be_kept_is_a_finding() -> None:
    def parse(_: Request) -> list[Call]:
        return [Call(trunk="generic", call_id="c-1", agent=1j)]  # type: ignore[arg-type]  # the fault looked for

    assert Hunt(replace(GENERIC, parse=parse), CORPUS, 1).run(range(1)).findings


def test_an_input_that_is_slow_each_time_is_a_finding() -> None:
    hunt = Hunt(GENERIC, CORPUS, 1, clock=(0.04 * number for number in count()).__next__)
    (finding,) = hunt.run(range(1)).findings.values()
    assert (finding.kind, finding.said) == ("slow to parse", "80 ms")


def test_an_input_that_was_slow_once_is_none() -> None:
    def clock() -> Iterator[float]:
        yield from (0.0, 1.0, 2.0)
        while True:
            yield 2.0

    report = Hunt(GENERIC, CORPUS, 1, clock=clock().__next__).run(range(1))
    assert (report.findings, report.slowest_s) == ({}, 0.0)


def test_an_input_is_the_same_each_time() -> None:
    assert [Hunt(GENERIC, CORPUS, 7).input(number) for number in range(50)] == [
        Hunt(GENERIC, corpus(GENERIC), 7).input(number) for number in range(50)
    ]


def test_another_seed_is_other_inputs() -> None:
    assert Hunt(GENERIC, CORPUS, 7).input(1) != Hunt(GENERIC, CORPUS, 8).input(1)


def test_a_finding_says_how_to_see_it_again() -> None:
    (finding,) = raises(KeyError("from")).run([17]).findings.values()
    assert "python -m tests.fuzz --trunk generic --seed 1 --input 17\n" in str(finding)


def test_an_input_that_does_not_end_is_a_finding() -> None:
    def parse(_: Request) -> list[Call]:
        return [Call(trunk="generic", call_id=re.sub("(x+x+)+y", "", "x" * 40))]  # 2**40 steps

    report = Hunt(replace(GENERIC, parse=parse), CORPUS, 1, stuck_s=0.05).run(range(1))
    assert [finding.kind.split(" at ")[0] for finding in report.findings.values()] == ["StuckError"]


def test_the_alarm_is_given_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    raises(KeyError("from")).run(range(1))
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_of_slow_inputs_the_slowest_is_kept() -> None:
    steps = iter([0.0, 0.0, 0.1] * 4 + [0.0, 0.0, 0.3] * 4 + [0.0, 0.0, 0.2] * 4)
    report = Hunt(GENERIC, CORPUS, 1, clock=steps.__next__).run(range(3))
    assert [(finding.number, finding.said) for finding in report.findings.values()] == [(1, "300 ms")]


def test_reports_of_one_trunk_add_up() -> None:
    whole, hunt = Report("generic"), raises(KeyError("from"))
    for numbers in (range(3), range(3, 5)):
        whole.add(hunt.run(numbers))
    assert (whole.inputs, list(whole.times.values())) == (5, [5])


def test_the_table_counts_inputs_read_and_refused() -> None:
    report = Report("generic", inputs=9, read=7, refused=2, slowest_s=0.0123)
    assert lines([report])[1].split() == ["generic", "9", "7", "2", "12.3", "0"]


def test_the_command_ends_well_where_nothing_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--trunk", "generic", "--input", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["generic", "1"]


def test_an_unknown_trunk_is_a_wrong_word() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--trunk", "nobody"])
