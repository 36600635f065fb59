"""The HTTP listener's contract, as `tools/openapi.py` puts it together, as a judge of answers."""

import copy
import re
import sys

import jsonschema
import yaml

import tarn

sys.path.insert(0, str(tarn.ROOT / "tools"))
import openapi  # noqa: E402

DOCUMENT = yaml.safe_load(openapi.merged(tarn.ROOT))
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_instant(value):
    """RFC 3339 in UTC; what is no text is judged by its type."""
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None


@FORMATS.checks("uuid")
def is_uuid(value):
    return not isinstance(value, str) or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None


def joined(parts):
    """The fields of all of these objects, as one."""
    whole = {"type": "object", "required": [], "properties": {}}
    for part in parts:
        if "$ref" in part:
            part = DOCUMENT["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
        if "allOf" in part:
            part = joined(part["allOf"])
        whole["required"] += part.get("required", [])
        whole["properties"] |= copy.deepcopy(part["properties"])
    return whole


def closed(schema):
    """A field that the contract does not name does not exist: an object with named fields takes no others."""
    if isinstance(schema, dict):
        if "allOf" in schema:
            schema |= joined(schema.pop("allOf"))
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            closed(part)
    elif isinstance(schema, list):
        for part in schema:
            closed(part)
    return schema


SCHEMAS = closed(copy.deepcopy(DOCUMENT["components"]["schemas"]))


def problems(value, name):
    """What of the value is not as the schema of that name has it: a list of sentences."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    judge = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in judge.iter_errors(value)]


def operation(path, method):
    return DOCUMENT["paths"][path][method]


def answer_schema(path, method, status):
    """Name of the schema of an answer in JSON, or None where it is of another type."""
    answers = operation(path, method)["responses"]
    answer = answers.get(str(status)) or answers["default"]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    content = answer["content"].get("application/json")
    return content and content["schema"]["$ref"].rsplit("/", 1)[1]
