"""The arithmetic of same_job: what the windows must hold, and when a reader saw it. No process, file or clock in here."""

import collections
import datetime
import itertools
import json
import math
import statistics

import numpy as np

WINDOW_S = 5
WATERMARK_S = 10
LAST_MS = 0.001  # a window of Flink SQL is over when the watermark reaches its last millisecond
MOST_SUBSETS = 100_000  # of clicks that may have been dropped, looked at for one row
TEXTS = ("event_id", "user_id", "session_id", "page", "category", "country")


def instant(text):
    """Seconds since 1970 of an instant as either side writes it; UTC where it does not say."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "T"))
    return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp()


def click_of(value):
    """The click in a record's bytes, or nothing if it is none by the rules of the topic."""
    try:
        row = json.loads(value)
    except ValueError:
        return None
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in TEXTS):
        return None
    if type(row.get("click")) is not int or not isinstance(row.get("event_time"), str):
        return None
    return row


class Naive:
    """Every window by plain adding up. A click that was sent twice was late as often as the late rows say."""

    def __init__(self, records, late_ids):
        """`records`: (intended send in s, bytes) of the topic; `late_ids`: event ids of the late rows, with repeats."""
        late = collections.Counter(late_ids)
        self.late = sum(late.values())
        self.rows = {}  # by (window, page): clicks, sum of prices, largest price
        self.sent = collections.defaultdict(list)
        self.prices = collections.defaultdict(list)  # by key, as `sent`: price, and whether the window may have been over
        self.clicks = self.broken = self.dropped = 0
        newest = -math.inf  # the greatest event time of what was sent no later: no watermark stands further
        for sent, value in sorted(records, key=lambda record: record[0]):
            row = click_of(value)
            if row is None:
                self.broken += 1
                continue
            self.clicks += 1
            newest = max(newest, instant(row["event_time"]))
            if late[row["event_id"]] > 0:
                late[row["event_id"]] -= 1
                continue
            key = (instant(row["event_time"]) // WINDOW_S * WINDOW_S, row["page"])
            views, total, most = self.rows.get(key, (0, None, None))
            price = row.get("price")
            if price is not None:
                total, most = (total or 0) + price, price if most is None else max(most, price)
            self.rows[key] = (views + 1, total, most)
            self.sent[key].append(sent)
            self.prices[key].append((price, newest - WATERMARK_S >= key[0] + WINDOW_S - LAST_MS))
        self.unknown_late = sum(late.values())

    def account(self, shown):
        """Takes out of the naive rows the clicks that an aggregate dropped without a trace, and counts them in `dropped`: only
        clicks that came when their window may have been over, and only where leaving them out gives the row that is
        shown. Where none do, the row stays as it is, and differs."""
        for key, expected in list(self.rows.items()):
            found, prices = shown.get(key, (0, None, None)), self.prices[key]
            places = [n for n, (_, over) in enumerate(prices) if over]
            count = expected[0] - found[0]
            if not 0 < count <= len(places) or math.comb(len(places), count) > MOST_SUBSETS:
                continue
            for some in itertools.combinations(places, count):
                left = [n for n in range(len(prices)) if n not in some]
                if row_of([prices[n][0] for n in left]) == found:
                    self.rows[key], self.sent[key] = found, [self.sent[key][n] for n in left]
                    self.dropped += count
                    break
            if not self.sent[key]:
                del self.rows[key], self.sent[key]


def row_of(prices):
    """The row of clicks with these prices, some of them none."""
    known = [price for price in prices if price is not None]
    return (len(prices), sum(known), max(known)) if known else (len(prices), None, None)


def differences(expected, shown, whole_only):
    """The keys whose rows differ. With `whole_only`, a window of which nothing is shown is one that has not closed yet."""
    windows = {window for window, _ in shown}
    return sorted(key for key in expected.keys() | shown.keys()
                  if expected.get(key) != shown.get(key) and not (whole_only and key[0] not in windows))


def latencies(sent, seen):
    """Seconds until each click of one row was visible: the k-th in the order of sending, with the first value ≥ k that a
    reader saw. Where a later click was counted before an earlier one this swaps the two, so the mean is exact.
    `seen`: (time in s, count) in the order of reading."""
    sent = np.sort(np.asarray(sent, dtype=float))
    times = np.asarray([t for t, _ in seen], dtype=float)
    counts = np.maximum.accumulate(np.asarray([n for _, n in seen], dtype=np.int64)) if seen else np.empty(0, np.int64)
    at = np.searchsorted(counts, np.arange(1, len(sent) + 1))
    if len(at) and at[-1] >= len(times):
        raise ValueError(f"a row's last {int((at >= len(times)).sum())} of {len(sent)} clicks were never seen")
    return times[at] - sent


def quantiles(sent_by_key, seen_by_key, windows):
    """p50 and p99 in ms for these windows: of every click until its row counts it, and of every row from the instant at
    which its window can close at the earliest until its last value (negative: it was there before)."""
    each, closing = [], []
    for key, sent in sent_by_key.items():
        if key[0] not in windows:
            continue
        waits = latencies(sent, seen_by_key.get(key, []))
        each.append(waits)
        final = next(at for at, n in seen_by_key[key] if n >= len(sent))
        closing.append(final - (key[0] + WINDOW_S + WATERMARK_S))
    if not each:
        raise ValueError("no whole window was measured: the run was too short")
    found = {}
    for name, values in (("event", np.concatenate(each) * 1000), ("close", np.asarray(closing) * 1000)):
        for quantile in (50, 99):
            found[f"{name}_p{quantile}_ms"] = float(np.quantile(values, quantile / 100))
    return found


def whole_windows(first, last, warm_up, tail):
    """Windows that lie whole between the warm-up after `first` and the `tail` before `last`, all in s."""
    begin = -(-(first + warm_up) // WINDOW_S) * WINDOW_S
    windows = set()
    while begin + WINDOW_S <= last - tail:
        windows.add(begin)
        begin += WINDOW_S
    return windows


def median_of(runs):
    """Of equal flat dictionaries of numbers: the median of each."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}
