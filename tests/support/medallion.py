"""Silver and gold recomputed from bronze by a naive program, for the proofs of scenarios. numpy and pyarrow alone."""

import hashlib
import hmac
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

GAP_US, BOUND_US, HORIZON_US = 30_000_000, 10_000_000, 120_000_000
STEPS = {"sessions": 1, "saw_3_pages": 3, "saw_5_pages": 5, "saw_10_pages": 10}


def load(data, name, columns=None):
    path = pathlib.Path(data) / "tables" / name.replace(".", "/")
    return DeltaTable(str(path)).to_pyarrow_table(columns=columns)


def numbers(table, column):
    return table.column(column).combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)


def texts(table, column):
    """A text column as (codes, values)."""
    encoded = table.column(column).combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()


def places(table):
    return (numbers(table, "_partition") << 48) | numbers(table, "_offset")


def sorted_by_place(table):
    return table.take(pa.array(np.argsort(places(table), kind="stable")))


def pseudonyms(data, values):
    key = bytes.fromhex((pathlib.Path(data) / "keys" / "pseudonyms.key").read_text().strip())
    return [hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32] for value in values]


def check_silver(receipt, data):
    """silver = bronze without what fails a rule and without repeats; nothing is nowhere."""
    columns = ["event_id", "event_time", "session_id", "click", "page", "country", "price", "_partition", "_offset"]
    bronze = sorted_by_place(load(data, "bronze.clicks", columns + ["user_id"]))
    silver = sorted_by_place(load(data, "silver.clicks", columns + ["user_key"]))
    aside = sorted_by_place(load(data, "quarantine.silver_clicks", ["price", "click", "event_time", "_partition", "_offset", "_reason"]))
    at = places(bronze)
    kept, rejected = places(silver), places(aside)
    receipt.check(len(np.unique(silver.column("event_id").combine_chunks())) == silver.num_rows,
                  f"silver has {silver.num_rows:,} clicks, each event_id once")
    both = np.concatenate([kept, rejected])
    receipt.check(len(np.unique(both)) == len(both) and bool(np.isin(both, at).all()),
                  "no row of bronze stands twice in silver and its quarantine")
    index = np.searchsorted(at, kept)
    mine = bronze.take(pa.array(index))
    receipt.check(all(mine.column(c).combine_chunks().equals(silver.column(c).combine_chunks()) for c in columns),
                  "each row of silver is the click at its place")
    codes, users = texts(mine, "user_id")
    shown = silver.column("user_key").combine_chunks()
    expected = pa.array(pseudonyms(data, users)).take(pa.array(codes))
    receipt.check(expected.equals(shown.cast(pa.string())), f"each user is the HMAC of the id: {len(users):,} of them")
    gone = ~np.isin(at, both)
    ids = pc.is_in(bronze.column("event_id").combine_chunks().filter(pa.array(gone)),
                   value_set=silver.column("event_id").combine_chunks())
    receipt.check(bool(pc.all(ids).as_py() is not False), f"what is in neither is a repeat: {int(gone.sum()):,} rows")
    newest = int(numbers(bronze, "event_time").max())
    right = 0
    for row in aside.to_pylist():
        time_us = int(row["event_time"].timestamp() * 1e6)
        if row["_reason"] == "price is below zero":
            right += row["price"] < 0
        elif row["_reason"].startswith("older than the deduplication window"):
            right += time_us < newest - HORIZON_US + 1_000_000
    receipt.check(right == aside.num_rows, f"each quarantined row fails the rule it names: {aside.num_rows:,}")
    below = pc.less(silver.column("price").combine_chunks(), 0)
    receipt.check(pc.sum(below).as_py() in (0, None), "no row of silver fails a rule")
    return silver


def check_sessions(receipt, data, silver):
    """closed sessions = a naive walk over the clicks that were not late."""
    late = load(data, "late.session_clicks", ["session_id", "click", "event_time", "_reason"])
    there = load(data, "gold.sessions", ["started_at", "session_id", "user_key", "ended_at", "pages", "exit_page"])
    name = pc.binary_join_element_wise(silver.column("session_id").combine_chunks().cast(pa.string()),
                                       silver.column("click").combine_chunks().cast(pa.string()), "/")
    late_name = pc.binary_join_element_wise(late.column("session_id").combine_chunks().cast(pa.string()),
                                            late.column("click").combine_chunks().cast(pa.string()), "/")
    receipt.check(len(pc.unique(late_name)) == late.num_rows, f"{late.num_rows:,} clicks late for their session, none twice")
    rows = silver.filter(pc.invert(pc.is_in(name, value_set=late_name)))
    receipt.check(rows.num_rows == silver.num_rows - late.num_rows, "each late click is a click of silver")
    session, sessions = texts(rows, "session_id")
    time_us, click = numbers(rows, "event_time"), numbers(rows, "click")
    order = np.lexsort((time_us, session))
    session, time_us, click = session[order], time_us[order], click[order]
    page = rows.column("page").combine_chunks().take(pa.array(order))
    user = rows.column("user_key").combine_chunks().take(pa.array(order))
    starts = np.ones(len(session), bool)
    starts[1:] = (session[1:] != session[:-1]) | (time_us[1:] - time_us[:-1] > GAP_US)
    first = np.flatnonzero(starts)
    number = np.cumsum(starts) - 1
    last = np.append(first[1:], len(session)) - 1
    deepest = np.lexsort((click, number))[last]
    closed = time_us[last] + GAP_US < time_us.max() - BOUND_US
    naive = {(sessions[session[f]], int(time_us[f])): (int(time_us[l]), int(l - f + 1), d)
             for f, l, d, c in zip(first, last, deepest, closed) if c}
    pages, users = page.to_pylist(), user.to_pylist()
    right = 0
    started, ended = numbers(there, "started_at"), numbers(there, "ended_at")
    listed = zip(there.column("session_id").to_pylist(), started, ended, there.column("pages").to_pylist(),
                 there.column("exit_page").to_pylist(), there.column("user_key").to_pylist())
    for name_of, begun, end, count, exit_page, user_key in listed:
        found = naive.pop((name_of, int(begun)), None)
        right += found is not None and found[:2] == (int(end), count) and pages[found[2]] == exit_page \
            and users[found[2]] == user_key
    receipt.check(right == there.num_rows and not naive,
                  f"closed sessions: {there.num_rows:,} equal the naive ones, {len(naive)} are missing")


def naive_funnel(clicks, steps):
    """Counts by (day, country)."""
    day = numbers(clicks, "event_time") // 86_400_000_000
    codes, countries = texts(clicks, "country")
    click = numbers(clicks, "click")
    group = day * len(countries) + codes
    out = {}
    for g in np.unique(group):
        mine = click[group == g]
        out[(int(g) // len(countries), countries[int(g) % len(countries)])] = \
            [int((mine == n).sum()) for n in steps.values()] + [len(mine)]
    return out


def check_funnel(receipt, data, clicks, steps=None):
    steps = steps or STEPS
    there = load(data, "gold.funnel", ["day", "country", *steps, "clicks"])
    days = there.column("day").combine_chunks().cast(pa.int32()).to_pylist()
    shown = {}
    for day, row in zip(days, there.to_pylist()):
        shown[(day, row["country"])] = [row[name] for name in steps] + [row["clicks"]]
    receipt.check(len(shown) == there.num_rows and shown == naive_funnel(clicks, steps),
                  f"funnel: {there.num_rows:,} rows by day and country equal the naive ones")
