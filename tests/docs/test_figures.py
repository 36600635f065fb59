"""The README's figures are those that were measured, and the arithmetic behind the table of the same job."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "same_job")]
import figures  # noqa: E402
import readme  # noqa: E402

CLICK = ('{"event_id": "%s", "event_time": "2026-01-01T00:00:0%dZ", "user_id": "u", "session_id": "s", "click": 1, '
         '"page": "A", "category": "c", "country": "d", "price": %s}')


@pytest.mark.parametrize("name", readme.TABLES)
def test_the_readme_shows_what_was_measured(name):
    shown = readme.block(readme.README.read_text(), name).group(2)
    assert shown == readme.rendered(name), "bench/readme.py writes the tables anew"


def test_a_readme_without_a_place_for_a_table_is_refused():
    with pytest.raises(ValueError, match="same_job:begin"):
        readme.block("# Tarn", "same_job")


def test_naive_adds_up_what_is_a_click_and_was_not_late():
    records = [(1.0, (CLICK % ("a", 1, 3)).encode()), (2.0, (CLICK % ("b", 4, 5)).encode()),
               (3.0, (CLICK % ("c", 5, "null")).encode()), (4.0, (CLICK % ("b", 4, 5)).encode()),
               (5.0, b"{"), (6.0, b'{"page": "A"}')]
    naive = figures.Naive(records, ["b"])
    start = figures.instant("2026-01-01T00:00:00Z")
    assert naive.rows == {(start, "A"): (2, 8, 5), (start + 5, "A"): (1, None, None)}
    assert (naive.clicks, naive.broken, naive.late, naive.unknown_late) == (4, 2, 1, 0)
    assert figures.Naive(records, ["b", "b", "b", "x"]).unknown_late == 2


def late_clicks():
    """Two on time in [0, 5), then one of [10, 15) by which that window is over to the millisecond, then two of it more."""
    times = [("a", "00:00:01", 3), ("b", "00:00:02", 5), ("c", "00:00:14.999", 9), ("d", "00:00:03", 7), ("e", "00:00:04", 11)]
    return [(float(n), (CLICK.replace("00:00:0%dZ", "%sZ") % (name, at, price)).encode())
            for n, (name, at, price) in enumerate(times)]


def test_what_an_aggregate_dropped_without_a_trace_is_counted_where_it_explains_the_row():
    start = figures.instant("2026-01-01T00:00:00Z")
    window = (start, "A")
    for shown, dropped in (((4, 26, 11), 0), ((3, 15, 7), 1), ((3, 19, 11), 1), ((2, 8, 5), 2)):
        naive = figures.Naive(late_clicks(), [])
        naive.account({window: shown})
        assert (naive.rows[window], naive.dropped) == (shown, dropped)
        assert len(naive.sent[window]) == shown[0]
    for shown in ((3, 16, 7), (1, 3, 3), (3, 15, 11), (5, 26, 11)):  # no click explains it; one that was on time; none at all
        naive = figures.Naive(late_clicks(), [])
        naive.account({window: shown})
        assert (naive.rows[window], naive.dropped) == ((4, 26, 11), 0), shown
    naive = figures.Naive(late_clicks()[:2], [])
    naive.account({window: (1, 3, 3)})
    assert naive.dropped == 0, "the window was open"


def test_a_row_that_differs_is_named_and_a_window_that_is_open_is_not():
    expected = {(0, "A"): (2, 8, 5), (0, "B"): (1, 1, 1), (5, "A"): (1, 1, 1)}
    assert figures.differences(expected, dict(expected), whole_only=False) == []
    closed = {(0, "A"): (2, 8, 5)}
    assert figures.differences(expected, closed, whole_only=True) == [(0, "B")]
    assert figures.differences(expected, closed, whole_only=False) == [(0, "B"), (5, "A")]
    assert figures.differences(expected, {**expected, (5, "C"): (1, 1, 1)}, whole_only=True) == [(5, "C")]


def test_each_click_waits_for_the_first_value_that_counts_it():
    waits = figures.latencies([3.0, 1.0, 2.0], [(1.5, 1), (4.0, 3)])
    assert waits.tolist() == [0.5, 2.0, 1.0]
    with pytest.raises(ValueError, match="last 1 of 3"):
        figures.latencies([1.0, 2.0, 3.0], [(4.0, 2)])


def test_quantiles_are_of_whole_windows_alone():
    sent = {(0, "A"): [1.0, 2.0], (5, "A"): [6.0]}
    seen = {(0, "A"): [(2.5, 2), (30.0, 2)], (5, "A"): [(100.0, 1)]}
    found = figures.quantiles(sent, seen, {0})
    assert found["event_p50_ms"] == 1000 and found["close_p50_ms"] == -12_500
    with pytest.raises(ValueError, match="too short"):
        figures.quantiles(sent, seen, set())
    assert figures.whole_windows(1, 31, warm_up=5, tail=4) == {10, 15, 20}
