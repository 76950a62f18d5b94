from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobctl.explain.ordering import InOrder

TIMES = st.integers(0, 30)


def played(entries):
    order = InOrder()
    out = []
    for sent, items in entries:
        out += order.push(sent, [(at, at) for at in items])
    return [*out, *order.rest()], order.is_disordered


def by_sending(entries):
    return sorted((sent, [sent + after for after in items]) for sent, items in entries)


@given(st.lists(st.tuples(TIMES, st.lists(TIMES))).map(by_sending))
def test_a_file_in_order_of_sending_comes_out_in_order_of_receipt(entries):
    out, is_disordered = played(entries)
    assert out == sorted(at for _, items in entries for at in items)
    assert not is_disordered


@given(st.lists(st.tuples(TIMES, st.lists(TIMES, max_size=4))))
def test_nothing_is_lost_and_disorder_is_told_or_there_is_none(entries):
    out, is_disordered = played([(sent, [sent + after for after in items]) for sent, items in entries])
    assert sorted(out) == sorted(sent + after for sent, items in entries for after in items)
    assert is_disordered or out == sorted(out)


def test_what_was_received_before_the_next_request_left_needs_not_wait_for_the_end():
    order = InOrder()
    assert list(order.push(0.0, [(1.0, "a")])) == []
    assert list(order.push(2.0, [(3.0, "b")])) == ["a"]
    assert list(order.rest()) == ["b"]
