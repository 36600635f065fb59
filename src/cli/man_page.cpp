// tarn(1), in the macros of man(7).

#include <fmt/format.h>

#include "command_docs.h"
#include "tarn/base/version.h"

namespace tarn::cli {
namespace {

// Text as roff reads it literally: a line may not begin with a control character, a hyphen is one
// that can be copied.
std::string literal(std::string_view text) {
    std::string out;
    bool line_begins = true;
    for (char c : text) {
        if (line_begins && (c == '.' || c == '\'')) out += "\\&";
        line_begins = c == '\n';
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

void add_command(std::string& out, const CommandDoc& command) {
    out += fmt::format(".SS {}\n{}\n", literal(command.usage()), literal(command.text));
    for (auto& option : command.options) {
        out += fmt::format(".TP\n.B {}", literal(option.name));
        if (!option.value.empty()) out += " \\fI" + literal(option.value) + "\\fR";
        out += "\n" + literal(option.text) + ".";
        if (!option.default_value.empty() && option.default_value != "\"\"")
            out += " Default: " + literal(option.default_value) + ".";
        out += "\n";
    }
    if (!command.example.empty())
        out +=
            fmt::format(".PP\nExample:\n.PP\n.nf\n.RS\n{}\n.RE\n.fi\n", literal(command.example));
}

}  // namespace

std::string man_page(const CommandDoc& root) {
    std::string out = fmt::format(".TH TARN 1 \"\" \"tarn {}\" \"User Commands\"\n", version());
    out += ".SH NAME\ntarn \\- a data platform in one program\n";
    out += ".SH SYNOPSIS\n.B tarn\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n";
    out += fmt::format(".SH DESCRIPTION\n{}\n", literal(root.text));
    out +=
        ".PP\nA project is a folder: tarn.yml names topics, models/ holds SQL. A data folder holds "
        "what Tarn "
        "keeps; one process works on it at a time, and commands find that process by the folder.\n";
    out += ".SH COMMANDS\n";
    each_command(root, [&](const CommandDoc& command) {
        if (command.runs) add_command(out, command);
    });
    out +=
        ".SH EXIT STATUS\n0: done. 1: it failed. 2: it was asked wrongly. The last line on "
        "standard error ends with "
        "an id, such as [TARN\\-E0201]; \\fBtarn explain\\fR says what it means.\n";
    out +=
        ".SH ENVIRONMENT\nEach setting has a variable: http.port is \\fBTARN_HTTP_PORT\\fR. A flag "
        "goes before the "
        "environment, the environment before tarn.yml. \\fBtarn settings list\\fR shows them "
        "all.\n";
    out +=
        ".SH FILES\n.TP\n.I tarn.yml\nThe project.\n.TP\n.I tarn\\-data\nThe data folder, where "
        "none is named.\n";
    return out;
}

}  // namespace tarn::cli
