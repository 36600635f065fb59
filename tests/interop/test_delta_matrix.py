"""docs/delta-compatibility.md says what a run of delta_matrix.py sees, and no fault of Tarn's is among it.

Needs bin/tarn and `tools/setup --interop`. With Spark, features marked deep run in `make test-deep` alone.
"""

import pytest

import delta_matrix
import delta_features
import tarn
from spark import absent

pytestmark = pytest.mark.interop

CASES = [pytest.param(feature, engine, id=f"{feature.slug}-{engine}",
                      marks=[pytest.mark.deep] * (engine == "Spark" and feature.deep))
         for feature in delta_features.FEATURES for engine in delta_matrix.ENGINES]
TEXT = delta_matrix.PAGE.read_text()
PAGE = delta_matrix.read_page(TEXT)


@pytest.fixture(scope="module")
def seen(request, spark, tmp_path_factory):
    """All cases that were asked for, run side by side; then what engines they were."""
    if not delta_matrix.pathlib.Path(tarn.PROGRAM).exists():
        absent(f"{tarn.PROGRAM} is not built")
    asked = [item.callspec.params for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    wanted = [(params["feature"], params["engine"]) for params in asked]
    matrix = delta_matrix.Matrix(tmp_path_factory.mktemp("matrix"), spark)
    try:
        return matrix.run(wanted), matrix.versions()
    finally:
        matrix.close()


@pytest.mark.parametrize("feature, engine", CASES)
def test_the_page_says_what_is_seen(seen, feature, engine):
    case = seen[0][feature.name, engine]
    if (feature.name, engine) in delta_features.KNOWN:
        assert case.faults, "what was known as a fault of theirs is none any more: take it out of KNOWN"
    else:
        assert case.faults == []
    assert case.cells() == PAGE[feature.name, engine], "make delta-matrix writes the page anew"


def test_the_page_names_the_engines_that_were_asked(seen):
    for name, version in seen[1].items():
        assert f"\n- {name} {version}\n" in TEXT


def test_the_page_has_every_feature_and_no_other():
    assert list(PAGE) == [(feature.name, engine) for engine in delta_matrix.ENGINES for feature in delta_features.FEATURES]
    assert set(delta_features.KNOWN) <= set(PAGE)
    assert delta_features.DEEP <= {feature.name for feature in delta_features.FEATURES}
