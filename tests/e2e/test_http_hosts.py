"""By which names the HTTP listener may be asked: its own, and those of setting http.hosts."""

import http.client
import json

import pytest

import tarn


def ask(server, host, method="GET", **headers):
    connection = http.client.HTTPConnection(server.http, timeout=30)
    connection.request(method, "/api/v1/status", headers={"Host": host, **headers})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    server = tarn.Server(None, folder / "data", folder / "log", ["--set", "http.hosts=tarn.example.com, tarn.lan:8443"])
    server.start()
    yield server
    server.kill()


def test_a_name_of_the_setting_answers_and_another_is_told_of_the_setting(server):
    for host in (server.http, "tarn.example.com", "Tarn.Example.com:80", "tarn.lan:8443"):
        assert ask(server, host)[0] == 200, host
    for host in ("evil.example", "a.tarn.example.com", "tarn.lan", "tarn.lan:1"):
        status, body = ask(server, host)
        assert status == 421, host
        assert "http.hosts" in body["error"]["message"] and "http.hosts" in body["error"]["todo"]


def test_pages_of_the_name_may_ask_and_no_others(server):
    assert ask(server, "tarn.example.com", Origin="https://tarn.example.com")[0] == 200
    assert ask(server, "tarn.example.com", Origin="http://tarn.example.com")[0] == 200
    assert ask(server, "tarn.example.com", Origin="https://evil.example")[0] == 403


@pytest.mark.parametrize("hosts", ["*", "*.example.com", "http://tarn.example.com", "a:99999"])
def test_what_is_no_name_is_refused_at_the_start(tmp_path, hosts):
    done = tarn.run("up", "--data", tmp_path / "data", "--http-port", 0, "--kafka-port", 0, "--set", f"http.hosts={hosts}")
    assert done.returncode == 2 and "http.hosts" in done.stderr and "[TARN-E" in done.stderr, done.stderr
