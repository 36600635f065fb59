"""The command line as shells and readers of manuals meet it: completion scripts run by their own shells, the page by
groff."""

import re
import shlex
import subprocess

import pytest

import tarn

COMMANDS = {"topic": {"list", "describe", "create", "delete", "produce", "consume"},
            "flow": {"list", "describe", "pause", "resume", "why"}}


def run(command, **how):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **how)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(run([tarn.PROGRAM, "completion", shell]))
    return folder


def bash(script, words, cwd):
    """What bash offers for the last word."""
    words = shlex.join(words)
    return set(run(["bash", "--norc", "-c", f"source {script}/bash; COMP_WORDS=({words}); "
                    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tarn; printf '%s\\n' \"${COMPREPLY[@]}\""],
                   cwd=cwd).split("\n")) - {""}


def zsh(script, words, cwd):
    """What the function hands to zsh's own: the items of _describe, or the words of compadd."""
    words = shlex.join(words)
    return set(run(["zsh", "-f", "-c", "_describe() { print -l -- \"${(@P)2}\" }; compadd() { shift; print -l -- \"$@\" }; "
                    f"_files() {{ print files \"$@\" }}; source {script}/zsh; words=({words}); CURRENT=${{#words}}; _tarn"],
                   cwd=cwd).split("\n")) - {""}


def fish(script, words, cwd):
    line = shlex.join(words[:-1]) + " " + words[-1]
    return set(run(["fish", "--no-config", "-c", f"source {script}/fish; complete -C {shlex.quote(line)}"],
                   cwd=cwd).split("\n")) - {""}


def names(offered):
    return {item.split("\t")[0].split(":")[0] for item in offered}


@pytest.mark.parametrize("shell", [bash, zsh, fish])
def test_commands_and_options_are_completed(shell, script, tmp_path):
    assert {"up", "sql", "topic", "table", "flow", "settings", "demo", "doctor"} <= names(shell(script, ["tarn", ""],
                                                                                              tmp_path))
    assert "docs" not in names(shell(script, ["tarn", ""], tmp_path)), "what is hidden stays hidden"
    for noun, verbs in COMMANDS.items():
        assert verbs <= names(shell(script, ["tarn", noun, ""], tmp_path))
    options = names(shell(script, ["tarn", "topic", "create", "--"], tmp_path))
    assert {"--data", "--format", "--partitions", "--config", "--help"} <= options
    assert "--follow" not in options, "an option of another command"
    assert names(shell(script, ["tarn", "sql", "--format", ""], tmp_path)) == {"text", "json", "csv"}
    assert "up" not in names(shell(script, ["tarn", "topic", "list", ""], tmp_path))


def test_folders_are_completed(script, tmp_path):
    (tmp_path / "shop-data").mkdir()
    (tmp_path / "shop.txt").touch()
    assert bash(script, ["tarn", "up", "--data", "sh"], tmp_path) == {"shop-data"}
    assert zsh(script, ["tarn", "up", "--data", "sh"], tmp_path) == {"files -/"}
    assert fish(script, ["tarn", "up", "--data", "sh"], tmp_path) and names(
        fish(script, ["tarn", "up", "--data", "sh"], tmp_path)) == {"shop-data/"}


def test_every_command_is_in_the_completion_and_the_manual(script):
    """All that `--help` lists."""
    page = run([tarn.PROGRAM, "man"])
    text = (script / "bash").read_text()
    listed = 0
    for line in run([tarn.PROGRAM, "--help"]).split("Subcommands:")[1].splitlines():
        if line.startswith("  ") and line[2] != " ":
            word = line.split()[0]
            listed += 1
            assert f'"tarn {word}"' in text
            assert f"tarn {word}".replace("-", "\\-") in page
    assert listed > 8


def test_the_manual_is_good_roff():
    page = subprocess.run([tarn.PROGRAM, "man"], capture_output=True, check=True, timeout=60).stdout
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    text = re.sub(".\b", "", done.stdout.decode())  # bold is a letter struck twice
    for words in ("NAME", "SYNOPSIS", "EXIT STATUS", "ENVIRONMENT", "TARN_HTTP_PORT", "topic"):
        assert words in text
