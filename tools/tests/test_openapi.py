"""The API's contract is whole: nouns' files are put together, and what does not fit is named."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import openapi  # noqa: E402

HEAD = "# Comment.\nopenapi: 3.1.0\npaths:\ncomponents:\n  responses:\n    Failed: {description: It failed.}\n  schemas:\n    Error: {}\n"
SHOPS = "paths:\n  /shops:\n    get: {}\ncomponents:\n  schemas:\n    # One.\n    Shop: {}\n"


def merged(root, **nouns):
    for path, text in {"src/server/openapi.head.yaml": HEAD, **nouns}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return openapi.merged(root)


def test_what_nouns_have_stands_in_their_sections(tmp_path):
    text = merged(tmp_path, **{"src/server/routes/shops.openapi.yaml": SHOPS,
                               "src/news/news.openapi.yaml": "paths:\n  /news:\n    get: {}\n"})
    assert text == ("openapi: 3.1.0\npaths:\n  /news:\n    get: {}\n  /shops:\n    get: {}\ncomponents:\n"
                    "  responses:\n    Failed: {description: It failed.}\n"
                    "  schemas:\n    Error: {}\n    # One.\n    Shop: {}\n")


@pytest.mark.parametrize("text, problem", [
    ("tags: []\n", "tags: .* belongs into"), ("components:\n  responses:\n    Gone: {}\n", "responses: belongs into"),
    ("paths:\n  /shops:\n    get: {}\n", "/shops stands in shops.openapi.yaml already"),
    ("components:\n  schemas:\n    Error: {}\n", "Error stands in openapi.head.yaml already"),
    ("  /news: {}\n", "in no section")])
def test_what_does_not_fit_is_named(tmp_path, text, problem):
    with pytest.raises(ValueError, match=problem):
        merged(tmp_path, **{"src/server/routes/shops.openapi.yaml": SHOPS, "src/x/zebras.openapi.yaml": text})


def test_the_contract_of_this_tree_can_be_put_together():
    assert "\n  /healthz:\n" in openapi.merged()
