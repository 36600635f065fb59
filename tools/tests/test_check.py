"""Every check passes a small good tree and can fail: each case breaks one rule and names the check that must say so."""

import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import check  # noqa: E402
import modules_picture  # noqa: E402

GOOD = {
    "CMakeLists.txt": "tarn_module(NAME base LIBS fmt)\ntarn_module(NAME sql DEPS base)\n"
                      "tarn_module(NAME log DEPS base\n            PRIVATE_LIBS z)\n"
                      "tarn_module(NAME cli DEPS base sql log)\n",
    "ARCHITECTURE.md": "# A\n| `base` | words |\n| `sql` | words |\n| `log` | words |\n| `cli` | `src/cli` |\n",
    "src/base/include/tarn/base/time.h": "#pragma once\n#include <cstdint>\n",
    "src/log/include/tarn/log/log.h": '#pragma once\n#include "tarn/base/time.h"\n',
    "src/log/lane.h": "#pragma once\n",
    "src/log/stores.cpp": '#include "tarn/base/time.h"\n',
    "src/log/tests/lane_test.cpp": '#include "lane.h"\n\n#include "tarn/log/log.h"\n',
    "src/sql/engine.cpp": '#include <duckdb.hpp>\n\n#include "tarn/base/time.h"\n',
    "src/sql/include/tarn/sql/sql.h": "#pragma once\n",
    "src/cli/main.cpp": '#include "tarn/base/time.h"\n#include "tarn/log/log.h"\n#include "tarn/sql/sql.h"\n\nint main() { return 0; }\n',
    "README.md": "[how it is built](ARCHITECTURE.md)\n",
}


GRAMMAR = "//   file   := head body{2}     a comment\n//            | nothing\n//   head   := u32\n"
TABLE = "//   <n>.seg   a segment\n//   <n>.idx   its index, which is\n//             long\n//   spare     nothing\n"


def tree_of(folder, changes=()):
    for path, text in {**GOOD, **dict(changes)}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / ".clang-format").write_text("BasedOnStyle: Google\nIndentWidth: 4\nColumnLimit: 100\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    picture = folder / modules_picture.PICTURE
    if not picture.exists():
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(modules_picture.draw(check.Tree(folder).modules))
    return check.Tree(folder)


def function(name, lines):
    return f"int {name}(int a) {{\n" + "    a += 1;\n" * (lines - 3) + "    return a;\n}\n"


def test_a_good_tree_has_no_problem(tmp_path):
    tree = tree_of(tmp_path)
    assert {name: run(tree) for name, run in check.CHECKS.items()} == {name: [] for name in check.CHECKS}


def test_a_header_may_show_a_library_that_its_module_offers(tmp_path):
    tree = tree_of(tmp_path, [
        ("CMakeLists.txt", GOOD["CMakeLists.txt"].replace("LIBS fmt", "LIBS fmt nlohmann_json::nlohmann_json")),
        ("src/base/include/tarn/base/json.h", "#pragma once\n#include <nlohmann/json.hpp>\n")])
    assert check.CHECKS["layers"](tree) == []


BROKEN = [
    ("layers", "src/base/a.cpp", '#include "tarn/log/log.h"\n', "does not declare that it uses log"),
    ("layers", "src/base/tests/a_test.cpp", '#include "tarn/sql/x.h"\n', "does not declare that it uses sql"),
    ("layers", "src/log/a.cpp", "#include <duckdb.hpp>\n", "only module sql"),
    ("layers", "src/log/a.cpp", '#include "duckdb/main/connection.hpp"\n', "only module sql"),
    ("layers", "src/sql/include/tarn/sql/a.h", "#include <duckdb.hpp>\n", "public header shows"),
    ("layers", "src/log/include/tarn/log/a.h", "#include <boost/asio.hpp>\n", "public header shows"),
    ("layers", "src/log/include/tarn/log/a.h", '#include "lane.h"\n', "cannot see"),
    ("layers", "src/sql/a.cpp", '#include "../log/lane.h"\n', "leaves its folder"),
    ("layers", "src/sql/a.cpp", '#include "lane.h"\n', "private to another module"),
    ("layers", "src/extra/a.cpp", "\n", "not a module"),
    ("layers", "CMakeLists.txt", "tarn_module(NAME base DEPS log)\ntarn_module(NAME sql DEPS base)\n"
                                 "tarn_module(NAME log DEPS base)\ntarn_module(NAME cli DEPS log)\n",
     "not declared above"),
    ("sizes", "src/log/a.cpp", "int a;\n" * 601, "601 lines, the bound is 600"),
    ("sizes", "src/log/a.cpp", function("big", 71), "big: 71 lines, the bound is 70"),
    ("sizes", "tools/a.py", "def big():\n" + "    pass\n" * 70, "big: 71 lines"),
    ("sizes", "tools/sizes.txt", "src/log/gone.cpp 700\n", "smaller now"),
    ("dependencies", "src/sql/engine.cpp", "\n", "module sql declares base and includes none"),
    ("picture", "docs/modules.svg", "<svg/>\n", "run tools/modules_picture.py"),
    ("counts", "src/log/a.h", "// " + "x" * 98 + "\n", "src/log:lines-over-100: 1, the bound is 0: one of src/log/a.h:1"),
    ("counts", "src/log/a.cpp", "const std::vector<int> kAll = {1, 2};\n", "src/log/a.cpp kAll"),
    ("counts", "src/log/a.cpp", "static std::map<std::string, int> names;\n", "src/log/a.cpp names"),
    ("counts", "src/log/a.h", GRAMMAR.replace("\n//            |", " //            |") + "//   nothing more tail := u8\n",
     "src/log/a.h:3 (a production"),
    ("counts", "src/log/a.h", GRAMMAR.replace("//            | nothing", "//   and nothing"), "src/log/a.h:2 (what continues"),
    ("counts", "src/log/a.h", "// A lane := segment* in order.\n", "src/log/a.h:1 (a production"),
    ("counts", "src/log/a.h", TABLE.replace("a segment\n//   <n>.idx", "a\n//   segment <n>.idx"), "src/log/a.h:2 (rows"),
    ("sizes", "tools/sizes.txt", "src/log:dynamic-globals 2\n", "smaller now"),
    ("format", "src/log/a.cpp", "int  a ;\n", "clang-format"),
    ("whitespace", "docs/a.md", "words \n", "docs/a.md:1: blanks"),
    ("whitespace", "docs/a.md", "words", "no newline"),
    ("whitespace", "docs/a.md", "words\r\n", "carriage"),
    ("words", "docs/a.md", "see /ho" + "me/someone/tarn\n", "one machine"),
    ("words", "tools/a.sh", "cd /wo" + "rk/tarn\n", "one machine"),
    ("architecture", "ARCHITECTURE.md", GOOD["ARCHITECTURE.md"] + "`src/none/x.h`\n", "`src/none/x.h` does not exist"),
    ("architecture", "ARCHITECTURE.md", "| `base` | words |\n| `log` | words |\n", "its table names"),
    ("links", "README.md", "[here](docs/none.md)\n", "does not exist"),
]


@pytest.mark.parametrize("name, path, text, expected", BROKEN, ids=[f"{b[0]}-{i}" for i, b in enumerate(BROKEN)])
def test_a_broken_rule_is_named(tmp_path, name, path, text, expected):
    problems = check.CHECKS[name](tree_of(tmp_path, {path: text}))
    assert problems and any(expected in p for p in problems), problems


@pytest.mark.parametrize("text", [
    GRAMMAR, TABLE, "// scan(path [, version := n]) reads (version := n).\n",
    "constexpr std::array kAll = {1};\nconst char* const kName = \"a\";\nconst std::string& name();\n"
    "std::string text(int a) {\n    const std::string b;\n    return b;\n}\n"])
def test_what_only_looks_like_it_is_not_counted(tmp_path, text):
    assert check.check_counts(tree_of(tmp_path, {"src/log/a.cpp": text})) == []


def test_the_picture_has_a_line_for_each_use_that_no_other_implies():
    modules = {"base": set(), "io": {"base"}, "log": {"base", "io"}, "sql": {"base"}, "cli": {"base", "log", "sql"}}
    assert modules_picture.floors_of(modules) == {"base": 0, "io": 1, "log": 2, "sql": 1, "cli": 3}
    assert modules_picture.lines_of(modules) == [("io", "base"), ("log", "io"), ("sql", "base"), ("cli", "log"),
                                                 ("cli", "sql")]


def test_accepted_sizes_may_only_shrink(tmp_path):
    path = "src/log/a.cpp"
    tree = tree_of(tmp_path, {path: function("big", 90), "tools/sizes.txt": f"# why\n{path}:big 90\n"})
    assert check.check_sizes(tree) == []
    (tmp_path / path).write_text(function("big", 91))
    assert "91 lines, the bound is 90" in check.check_sizes(check.Tree(tmp_path))[0]
    (tmp_path / path).write_text(function("big", 80))
    tree = check.Tree(tmp_path)
    assert "--shrink" in check.check_sizes(tree)[0]
    check.shrink_sizes(tree)
    assert (tmp_path / "tools/sizes.txt").read_text() == f"# why\n{path}:big 80\n"
    assert check.check_sizes(check.Tree(tmp_path)) == []


CPP = """
namespace a {
// { a brace in a comment
class B : public C {
  public:
    B(int x, int y)
        : x_{x}, y_(y) {
        call("}");
    }
    bool ok() const { return x_ > 0; }

  private:
    int x_{0}, y_ = 0;
};

template <class T>
    requires Sized<T>
Result<T> open(std::string_view name,
               Options options) {
    auto f = [&](int i) {
        return i;
    };
    if (name.empty()) {
        return fail(R"({"not": "code"})");
    }
    return f(1);
}
struct D {
    int a;
};
constexpr D kTable[] = {
    {call(1)},
    {call(2)},
};
}
"""


def test_lengths_of_functions():
    assert check.cpp_functions(CPP) == [("B", 6, 4), ("ok", 10, 1), ("open", 16, 12)]


def test_modules_are_read_from_the_tree_itself():
    root = pathlib.Path(__file__).resolve().parents[2]
    assert list(check.Tree(root).modules)[0] == "base" and list(check.Tree(root).modules)[-1] == "cli"
