"""A project from a sample of events, through the program: made, checked, run, and right to the last digit."""

import collections
import datetime
import decimal
import json
import shlex

import pytest

import tarn


def orders(count=2_000):
    """Orders of a shop: money as numbers and as text, nested fields, zones, and a field that no column can be called."""
    out = []
    start = datetime.datetime(2026, 3, 1, 8, 0, tzinfo=datetime.timezone.utc)
    zones = [datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=2)),
             datetime.timezone(datetime.timedelta(hours=-5, minutes=-30))]
    for n in range(count):
        # Some come up to 20 s behind a newer one.
        at = start + datetime.timedelta(seconds=n - (20 if n % 50 == 49 else 0))
        items = [{"sku": f"s-{n % 7}", "quantity": 1 + n % 3, "price": f"{n % 100}.{n % 100:02}"}]
        out.append({
            "order_id": f"o-{n:06}", "created_at": at.astimezone(zones[n % 3]).isoformat(),
            "country": ["DE", "FR", "US"][n % 3], "total": decimal.Decimal(n % 1000) + decimal.Decimal("0.10"),
            "customer": {"id": n % 97, "vip": n % 5 == 0, "address": {"city": "Lübeck", "zip": "01069"}},
            "items": items if n % 10 else [], "coupon": None if n % 4 else "SPRING", "weight-kg": 0.1 * n,
            "paid_on": str((start + datetime.timedelta(days=n % 30)).date()), "ip": "10.0.0.1",
        })
    return out


def lines(events):
    """JSON with each decimal as it is."""
    return "".join(json.dumps(event, default=lambda d: f"<{d}>").replace('"<', "").replace('>"', "") + "\n"
                   for event in events)


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "shop-orders.jsonl"
    path.write_text(lines(orders()))
    return path


def test_a_sample_becomes_a_project_that_runs(tmp_path, sample):
    project = tmp_path / "shop"
    done = tarn.run("init", project, "--from", sample, "--topic", "orders")
    assert done.returncode == 0, done.stderr
    assert f"tarn topic produce orders < {sample}" in done.stdout
    checked = tarn.run("check", "--project", project)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    try:
        server.start()
        sent = tarn.run("topic", "produce", "orders", "--data", server.data, input=sample.read_text() + "no order\n")
        assert sent.returncode == 0, sent.stderr
        server.wait_caught_up()
        events = orders()
        types = {row["column_name"]: row["column_type"] for row in server.sql("describe bronze.orders")}
        expected = {"order_id": "VARCHAR", "created_at": "TIMESTAMP WITH TIME ZONE", "country": "VARCHAR",
                    "total": "DECIMAL(18,2)", "coupon": "VARCHAR", "weight_kg": "DOUBLE", "paid_on": "DATE",
                    "customer": "STRUCT(id BIGINT, vip BOOLEAN, address STRUCT(city VARCHAR, zip VARCHAR))",
                    "items": "STRUCT(sku VARCHAR, quantity BIGINT, price DECIMAL(18,2))[]"}
        assert {name: types.get(name) for name in expected} == expected
        dead = server.sql("select count(*) as n from dead_letters.orders")[0]["n"]
        assert dead == 1, "the line that is no order"
        total = server.sql("select sum(total)::varchar as total, count(*) as n from bronze.orders")[0]
        assert decimal.Decimal(total["total"]) == sum(event["total"] for event in events)
        assert total["n"] == len(events)
        city = server.sql("select customer.address.city as city, items[1].price::varchar as price from bronze.orders "
                          "where order_id = 'o-000123'")[0]
        assert city == {"city": "Lübeck", "price": "23.23"}
        assert server.sql("select count(*) as n, count(distinct order_id) as ids from silver.orders")[0] == {
            "n": len(events), "ids": len(events)}
        counts, sums = collections.Counter(), collections.Counter()
        for event in events:
            at = datetime.datetime.fromisoformat(event["created_at"]).astimezone(datetime.timezone.utc)
            key = (at.strftime("%Y-%m-%dT%H:%M"), event["country"])
            counts[key] += 1
            sums[key] += event["total"]
        rows = server.sql("select window_start, country, events, sum_of_total::varchar as total from live.orders_windows")
        found = {(row["window_start"][:16], row["country"]): (row["events"], decimal.Decimal(row["total"])) for row in rows}
        assert found == {key: (counts[key], sums[key]) for key in counts}, "windows by instants, exact money, none late"
    finally:
        server.kill()


def test_it_leaves_what_stands_and_says_what_it_cannot_do(tmp_path, sample):
    project = tmp_path / "shop"
    assert tarn.run("init", project, "--from", sample).returncode == 0
    before = (project / "tarn.yml").read_text()
    assert '"shop-orders":' in before and "bronze.shop_orders" in before
    again = tarn.run("init", project, "--from", sample)
    assert again.returncode != 0 and "left as it is" in again.stderr
    assert (project / "tarn.yml").read_text() == before
    sample.write_text("no JSON\n[1, 2]\n")
    none = tarn.run("init", tmp_path / "other", "--from", sample)
    assert none.returncode != 0 and "no event" in none.stderr
    assert not (tmp_path / "other").exists()


def test_events_without_a_time_or_with_one_in_seconds(tmp_path):
    sample = tmp_path / "things.jsonl"
    sample.write_text('{"a": 1, "On": true, "x y": [], "mixed": 1}\n{"a": 2, "On": false, "x y": [], "mixed": "b"}\n')
    assert tarn.run("init", tmp_path / "counts", "--from", sample).returncode == 0
    assert tarn.run("check", "--project", tmp_path / "counts").returncode == 0
    assert (tmp_path / "counts/models/gold/things_counts.sql").exists()
    sample.write_text("".join(json.dumps({"ts": 1_770_000_000 + n * 60, "id": n, "value": n / 7}) + "\n" for n in range(30)))
    assert tarn.run("init", tmp_path / "seconds", "--from", sample).returncode == 0
    assert "unit: s" in (tmp_path / "seconds/tarn.yml").read_text()
    assert tarn.run("check", "--project", tmp_path / "seconds").returncode == 0


def odd_orders():
    """Names that no column, no line of YAML or no model can have, and values that only look like dates and times."""
    attributes = [{"color": "red"}, {"size": "M"}, {"weight": "3"}, {"brand name": "x", "age": "1"}]
    return [{"id": n, "at": f"2026-01-01T10:00:{n:02}Z", "reason": "r", "window_start": "w", "_rejected": "not at all",
             "watermark": n, "source_offset": n, "line\nbreak": 1, "nul\0": 2, "l" * 300: 3, "\u2028": 4, "o'r \"d\"": 5,
             "total": [1.5, 12345678901234567.25, 3][n % 3] if n % 3 != 1 else decimal.Decimal("12345678901234567.25"),
             "due": "2026-02-30" if n == 3 else "2026-02-28", "seen": "2026-01-01T24:00:00Z" if n == 5 else "2026-01-01T23:00:00Z",
             "paid_at": "2026-01-01T10:00:60Z", "attributes": attributes[n % 4]} for n in range(20)]


def test_odd_names_and_values_make_a_project_that_takes_all_of_its_sample(tmp_path):
    sample = tmp_path / "odd.jsonl"
    sample.write_text(lines(odd_orders()))
    project = tmp_path / "odd"
    done = tarn.run("init", project, "--from", sample)
    assert done.returncode == 0, done.stderr
    assert "5 fields stay in _extra" in done.stdout
    made = (project / "tarn.yml").read_text()
    assert r"line\x0abreak" in made and r"nul\x00" in made and "l" * 61 not in made
    assert all(line.isprintable() for line in made.split("\n"))
    checked = tarn.run("check", "--project", project)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    try:
        server.start()
        sent = tarn.run("topic", "produce", "odd", "--data", server.data, input=sample.read_text())
        assert sent.returncode == 0, sent.stderr
        server.wait_caught_up()
        for table, rows in {"bronze.odd": 20, "silver.odd": 20, "dead_letters.odd": 0, "late.odd": 0}.items():
            assert server.sql(f"select count(*) as n from {table}")[0]["n"] == rows, table
        row = server.sql("select reason_of_event, source_offset_of_event as source, total::varchar as total, due, "
                         "attributes['brand name'] as brand, _extra from bronze.odd where id = 7")[0]
        assert row["reason_of_event"] == "r" and row["source"] == 7 and row["due"] == "2026-02-28"
        assert decimal.Decimal(row["total"]) == decimal.Decimal("12345678901234567.25") and row["brand"] == "x"
        assert set(json.loads(row["_extra"])) == {"line\nbreak", "nul\0", "l" * 300, "\u2028", "_rejected"}
        assert server.sql("select sum(events)::int as n from live.odd_windows")[0]["n"] == 20
    finally:
        server.kill()


@pytest.mark.parametrize("topic", ["a b", "../x", "Örder", ".", "..", "", "x" * 240])
def test_what_no_topic_can_be_called_is_refused_and_nothing_written(tmp_path, sample, topic):
    done = tarn.run("init", tmp_path / "p", "--from", sample, "--topic", topic)
    assert done.returncode != 0 and "a topic's name is 1 to 249 letters, digits" in done.stderr
    assert not (tmp_path / "p").exists()


def test_init_reads_a_pipe_and_quotes_what_it_says(tmp_path, sample):
    text = sample.read_text()
    for number, source in enumerate(("-", "/dev/stdin")):
        project = tmp_path / f"p{number}"
        unnamed = tarn.run("init", project, "--from", source, input=text)
        assert unnamed.returncode != 0 and "--topic names it" in unnamed.stderr
        done = tarn.run("init", project, "--from", source, "--topic", "orders", input=text)
        assert done.returncode == 0, done.stderr
        assert "by 2000 events" in done.stdout and "standard input" in done.stdout
        assert tarn.run("check", "--project", project).returncode == 0
    empty = tarn.run("init", "", "--from", sample)
    assert empty.returncode != 0 and "FOLDER is empty" in empty.stderr
    odd = tmp_path / "it's mine.jsonl"
    odd.write_text(text)
    done = tarn.run("init", tmp_path / "a b", "--from", odd)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert shlex.split(said[-2].strip())[-1] == str(tmp_path / "a b")
    assert shlex.split(said[-1].strip())[-1] == str(odd)


def test_a_project_that_cannot_be_written_leaves_nothing(tmp_path, sample):
    project = tmp_path / "p"
    project.mkdir()
    (project / "models").symlink_to(tmp_path / "nowhere")
    (project / "mine").write_text("kept")
    done = tarn.run("init", project, "--from", sample)
    assert done.returncode != 0
    assert not (project / "tarn.yml").exists() and (project / "mine").read_text() == "kept"


def test_a_sample_that_is_none_says_why(tmp_path):
    sample = tmp_path / "s.jsonl"
    for content, why in {b'{"a": ' + b"[" * 600 + b"]" * 600 + b"}\n": "nested more than 512 deep",
                         '{"a": "ü"}\n'.encode("latin-1"): "not UTF-8", b"{'a': 1}\n": "not JSON",
                         b"[1]\n": "no object"}.items():
        sample.write_bytes(content)
        done = tarn.run("init", tmp_path / "p", "--from", sample)
        assert done.returncode != 0 and "line 1" in done.stderr and why in done.stderr, done.stderr
        assert not (tmp_path / "p").exists()
