"""Statements and queries by `tarn sql`."""

import json

import tarn


def sql(data, text, *more):
    done = tarn.run("sql", text, "--data", str(data), *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refused(data, text):
    done = tarn.run("sql", text, "--data", str(data))
    assert done.returncode != 0, done.stdout
    return done.stderr


def rows(data, text):
    return [json.loads(line) for line in sql(data, text, "--format", "json").splitlines()]
