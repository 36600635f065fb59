"""Keys under their old names, and a data folder that has a dead letter topic of the old default name."""

import json

import pytest
import tarn

TOPICS = """name: shop
topics:
  clicks:
    columns: {id: {type: text, required: true}, event_time: {type: timestamp, required: true}}
    table: {name: bronze.clicks, every: 100ms}
"""
OLD = TOPICS + """    quarantine: clicks.quarantine
  clicks.quarantine: {quarantine_of: clicks, table: {name: quarantine.clicks, every: 100ms}}
"""
MODELS = {
    "live/minutes.sql": "{{ config(materialized='live') }}\n"
                        "select tumble(event_time, interval '1 minute') as minute, count(*) as clicks\n"
                        "from stream('clicks') group by all\n",
    "silver/clicks.sql": "{{ config(materialized='incremental', every='100ms', unique_key='id',\n"
                         "          event_time='event_time', horizon='1m', quarantine='quarantine.silver_clicks') }}\n"
                         "select id, event_time from {{ source('bronze', 'clicks') }}\n",
}


@pytest.fixture
def started(tmp_path):
    """Starts a project of this tarn.yml on the one data folder."""
    project, running = tmp_path / "project", []
    for name, text in MODELS.items():
        (project / "models" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "models" / name).write_text(text)

    def start(text):
        for server in running:
            assert server.stop() == 0
        running.clear()
        (project / "tarn.yml").write_text(text)
        running.append(tarn.Server(project, tmp_path / "data", tmp_path / "log"))
        running[0].start()
        return running[0]

    yield start
    for server in running:
        server.kill()


def produce(server, *lines):
    done = tarn.run("topic", "produce", "clicks", "--data", server.data, input="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr


def topics(server):
    return {topic["name"] for topic in server.get("/api/v1/topics")["topics"]}


def dead_letters(server):
    return server.get("/api/v1/flows/clicks.table")["dead_letters"]


def click(name, at):
    return json.dumps({"id": name, "event_time": f"2026-01-01T00:{at}Z"})


def test_a_project_with_old_keys_runs_and_its_topic_stays_when_the_keys_go(started):
    server = started(OLD)
    produce(server, "no json", click("a", "00:00"), click("b", "10:00"), click("a", "09:30"))
    tarn.wait_for(lambda: dead_letters(server) == 1)
    tarn.wait_for(lambda: server.get("/api/v1/flows/silver.clicks")["rows_in"] == 3)
    tarn.wait_for(lambda: server.sql("select count(*) as n from quarantine.clicks")[0]["n"] == 1)
    tarn.wait_for(lambda: server.sql("select sum(clicks)::bigint as n from live.minutes")[0]["n"] == 3)
    assert topics(server) == {"clicks", "clicks.quarantine"}

    server = started(TOPICS)
    produce(server, "nor this")
    tarn.wait_for(lambda: dead_letters(server) == 2)
    assert topics(server) == {"clicks", "clicks.quarantine"}
    assert server.get("/api/v1/topics/clicks.quarantine")["appended"] == 2


def test_a_new_data_folder_has_the_new_name(started):
    server = started(TOPICS)
    produce(server, "no json")
    tarn.wait_for(lambda: dead_letters(server) == 1)
    assert topics(server) == {"clicks", "clicks.dead_letters"}
    assert server.get("/api/v1/topics/clicks.dead_letters")["appended"] == 1
