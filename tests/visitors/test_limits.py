"""Who may come in, and how long they may stay."""

from __future__ import annotations

import argparse

import pytest

from tests.clocks import Clock
from voicetrail.errors import UsageError
from voicetrail.visitors.admission import Admission, AdmissionRefused, address_group
from voicetrail.visitors.limits import VisitorLimits, add_limit_flags, limits_of


def test_places_are_counted_in_all_and_by_address() -> None:
    admission = Admission(VisitorLimits(visitors=3, per_address=2))
    first, _ = admission.admit("192.0.2.1"), admission.admit("::ffff:192.0.2.1")
    with pytest.raises(AdmissionRefused) as refused:
        admission.admit("192.0.2.1")
    assert refused.value.kind == "address"
    admission.admit("192.0.2.2")
    with pytest.raises(AdmissionRefused) as refused:
        admission.admit("192.0.2.3")
    assert refused.value.kind == "full"
    admission.leave(first)
    admission.leave(first)
    assert admission.admit("192.0.2.1").number == 4
    assert len(admission.visits) == 3


def test_nobody_is_admitted_while_it_closes() -> None:
    admission = Admission(VisitorLimits())
    admission.closing = True
    with pytest.raises(AdmissionRefused, match="shutting down"):
        admission.admit("192.0.2.1")


def test_one_network_of_ipv6_is_one_address() -> None:
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:2")
    assert address_group("2001:db8::1") != address_group("2001:db8:0:1::1")
    assert address_group("fe80::1%eth0") == address_group("fe80::2")


def test_a_visitor_who_does_nothing_or_stays_too_long_has_to_leave() -> None:
    clock = Clock()
    admission = Admission(VisitorLimits(idle_s=60, total_s=600), clock=clock)
    visit = admission.admit("192.0.2.1")
    clock.now += 59
    assert not visit.overstayed()
    visit.active()
    clock.now += 59
    assert not visit.overstayed()
    clock.now += 1
    assert "there was no input for 60 s" in visit.overstayed()
    for _ in range(20):
        clock.now += 30
        visit.active()
    assert "your time on this host is over" in visit.overstayed()


def test_every_limit_has_a_flag_and_bounds() -> None:
    parser = argparse.ArgumentParser()
    add_limit_flags(parser)
    assert limits_of(parser.parse_args([])) == VisitorLimits()
    given = parser.parse_args(["--visitors", "7", "--per-address", "9", "--idle", "30", "--recordings", "5", "--memory", "700"])
    limits = limits_of(given)
    assert (limits.visitors, limits.per_address, limits.idle_s, limits.recordings_mb, limits.memory_mb) == (7, 7, 30, 5, 700)
    for wrong in (["--visitors", "0"], ["--idle", "nan"], ["--total", "1e99"], ["--memory", "1"]):
        with pytest.raises(UsageError, match=r"it takes"):
            limits_of(parser.parse_args(wrong))
