#include "model.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace tarn::errors {
extern const ErrorId kTemplate;
}  // namespace tarn::errors

namespace tarn::project {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Walks a model's text, knowing the line.
class Scanner {
  public:
    Scanner(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    bool at_end() const { return at_ >= text_.size(); }
    size_t position() const { return at_; }
    int line() const { return line_; }
    Place place() const { return {file_, line_}; }
    bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }
    void skip(size_t n) {
        for (; n > 0 && at_ < text_.size(); --n, ++at_)
            if (text_[at_] == '\n') ++line_;
    }
    void skip_space() {
        while (!at_end() && std::isspace(static_cast<unsigned char>(peek())))
            skip(1);
    }
    // To behind `what`; false if it does not come.
    bool skip_past(std::string_view what) {
        auto found = text_.find(what, at_);
        if (found == std::string_view::npos) return false;
        skip(found + what.size() - at_);
        return true;
    }
    std::string_view take_word() {
        auto begin = at_;
        while (!at_end() && is_word(peek()))
            skip(1);
        return text_.substr(begin, at_ - begin);
    }
    // The text between quotes, which stand at the position; a doubled quote is one. False if it
    // does not end.
    bool take_quoted(std::string& out) {
        char quote = peek();
        skip(1);
        while (!at_end()) {
            if (peek() == quote) {
                skip(1);
                if (peek() != quote) return true;
            }
            out.push_back(peek());
            skip(1);
        }
        return false;
    }

  private:
    std::string_view text_, file_;
    size_t at_ = 0;
    int line_ = 1;
};

void blank(std::string& sql, size_t from, size_t to) {
    for (; from < to; ++from)
        if (sql[from] != '\n') sql[from] = ' ';
}

Status parse_pair(Scanner& in, ModelFile& out) {
    int line = in.line();
    std::string name(in.take_word());
    if (name.empty()) return wrong(in.place(), "config: expected a name");
    in.skip_space();
    if (in.peek() != '=') return wrong(in.place(), "config: expected = after " + name);
    in.skip(1);
    in.skip_space();
    std::string value;
    if (in.peek() == '\'' || in.peek() == '"') {
        auto start = in.place();
        if (!in.take_quoted(value))
            return wrong(start, "config: the text of " + name + " does not end");
    } else {
        value = in.take_word();
        if (value.empty()) {
            return wrong(
                in.place(),
                fmt::format("config: the value of {} must be a text in quotes, a number, true or "
                            "false",
                            name));
        }
    }
    if (out.config.contains(name))
        return wrong({in.place().file, line}, "config: " + name + " stands twice");
    out.config[name] = {value, line};
    return {};
}

Status parse_config(Scanner& in, ModelFile& out) {
    in.skip(2);
    in.skip_space();
    out.config_line = in.line();
    auto word = in.take_word();
    in.skip_space();
    if (word != "config" || in.peek() != '(') {
        return fail(errors::kTemplate,
                    fmt::format("{}:{}: templates other than config(…) are not supported yet",
                                in.place().file, in.line()));
    }
    in.skip(1);
    in.skip_space();
    while (in.peek() != ')') {
        TARN_RETURN_IF_ERROR(parse_pair(in, out));
        in.skip_space();
        if (in.peek() == ',') {
            in.skip(1);
            in.skip_space();
        } else if (in.peek() != ')') {
            return wrong(in.place(), "config: expected , or )");
        }
    }
    in.skip(1);
    in.skip_space();
    if (!in.sees("}}")) return wrong(in.place(), "config: expected }} after )");
    in.skip(2);
    return {};
}

// stream('name'), the position being behind the word stream.
Status parse_stream(Scanner& in, int line, ModelFile& out) {
    in.skip_space();
    if (in.peek() != '(') return {};
    in.skip(1);
    in.skip_space();
    std::string name;
    if (in.peek() != '\'' || !in.take_quoted(name)) {
        return wrong(in.place(), "stream(…) takes a topic's name in single quotes");
    }
    if (!out.stream.empty() && out.stream != name) {
        return fail(
            errors::kTemplate,
            fmt::format("{}:{}: a live model over two streams ({} and {}) is not supported yet",
                        in.place().file, line, out.stream, name));
    }
    if (out.stream.empty()) out.stream_line = line;
    out.stream = name;
    return {};
}

// {{ ref('model') }} or {{ source('schema', 'table') }}, the position being at its braces.
Status parse_reference(Scanner& in, ModelFile& out) {
    auto place = in.place();
    auto unsupported = [&] {
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("{}:{}: of templates in a model's SQL only ref('model') and "
                        "source('schema', 'table') are supported yet, and one config(…) block "
                        "stands in front",
                        place.file, place.line));
    };
    Reference reference{.begin = in.position(), .line = in.line(), .names = {}};
    if (!in.sees("{{")) return unsupported();
    in.skip(2);
    in.skip_space();
    auto word = in.take_word();
    if (word != "ref" && word != "source") return unsupported();
    reference.is_source = word == "source";
    in.skip_space();
    if (in.peek() != '(') return unsupported();
    in.skip(1);
    for (;;) {
        in.skip_space();
        if (in.peek() != '\'' && in.peek() != '"')
            return wrong(place, fmt::format("{}(…) takes names in quotes", word));
        auto& name = reference.names.emplace_back();
        if (!in.take_quoted(name)) return wrong(place, "a name in quotes does not end");
        in.skip_space();
        if (in.peek() != ',') break;
        in.skip(1);
    }
    if (reference.names.size() != (reference.is_source ? 2u : 1u))
        return wrong(place, reference.is_source ? "source(…) takes a schema and a table"
                                                : "ref(…) takes a model's name");
    if (in.peek() != ')') return wrong(place, fmt::format("expected ) after {}(…", word));
    in.skip(1);
    in.skip_space();
    if (!in.sees("}}")) return wrong(place, fmt::format("expected }}}} after {}(…)", word));
    in.skip(2);
    reference.end = in.position();
    out.references.push_back(std::move(reference));
    return {};
}

// Finds stream('…') outside comments and texts; refuses templates.
Status scan_sql(Scanner& in, ModelFile& out) {
    while (!in.at_end()) {
        auto place = in.place();
        std::string ignored;
        if (in.sees("--")) {
            if (!in.skip_past("\n")) return {};
        } else if (in.sees("/*")) {
            if (!in.skip_past("*/")) return wrong(place, "a comment does not end");
        } else if (in.peek() == '\'' || in.peek() == '"') {
            if (!in.take_quoted(ignored)) return wrong(place, "a text in quotes does not end");
        } else if (in.sees("{{") || in.sees("{%")) {
            TARN_RETURN_IF_ERROR(parse_reference(in, out));
        } else if (is_word(in.peek())) {
            auto word = in.take_word();
            bool is_stream = std::ranges::equal(word, std::string_view("stream"), {},
                                                [](char c) { return char(std::tolower(c)); });
            if (is_stream) TARN_RETURN_IF_ERROR(parse_stream(in, place.line, out));
        } else {
            in.skip(1);
        }
    }
    return {};
}

}  // namespace

Result<ModelFile> parse_model(std::string_view text, std::string_view file) {
    ModelFile out;
    out.sql = text;
    Scanner in(text, file);
    for (;;) {
        in.skip_space();
        auto begin = in.position();
        if (in.sees("{#")) {
            auto place = in.place();
            if (!in.skip_past("#}")) return wrong(place, "a template comment does not end");
        } else if (in.sees("{{") && out.config.empty()) {
            TARN_RETURN_IF_ERROR(parse_config(in, out));
        } else if (in.sees("--")) {
            if (!in.skip_past("\n")) break;
            continue;
        } else {
            break;
        }
        blank(out.sql, begin, in.position());
    }
    TARN_RETURN_IF_ERROR(scan_sql(in, out));
    return out;
}

}  // namespace tarn::project
