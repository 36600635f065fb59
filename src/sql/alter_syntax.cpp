#include "alter_syntax.h"

#include <algorithm>

#include <fmt/format.h>

#include "duckdb/common/exception.hpp"
#include "duckdb/common/exception/parser_exception.hpp"
#include "duckdb/common/string_util.hpp"

namespace tarn::sql {
namespace {

using duckdb::StringUtil;
using TypeOf = std::function<delta::DataType(const std::string&)>;

// Words that end a type; those of them that a new column may have.
constexpr std::string_view kBehindType[] = {
    "comment", "first",      "after",     "default", "not",   "null", "primary",   "unique",
    "check",   "references", "generated", "collate", "using", "as",   "constraint"};

class Alter {
  public:
    Alter(const std::string& text, const TypeOf& type_of) : words_(text), type_of_(type_of) {
        end_ = words_.size();
        if (end_ > 0 && words_.is(end_ - 1, ";")) --end_;
    }

    std::optional<TableStatement> take() {
        out_.kind = TableStatement::Kind::kAlter;
        if (passes("comment")) {
            if (!passes("on") || !comment()) return std::nullopt;
        } else {
            if (!passes("alter") || !passes("table")) return std::nullopt;
            out_.if_exists = passes("if") && passes("exists");
            name_table(at_, words_.behind_name(at_));
            if (!action()) return std::nullopt;
        }
        if (at_ != end_)
            wrong("nothing stands behind it: " + words_.between(at_, std::min(end_, at_ + 8)));
        return std::move(out_);
    }

  private:
    [[noreturn]] void wrong(const std::string& what) const {
        throw duckdb::ParserException("%s", what);
    }
    [[noreturn]] void has_no(const std::string& what) const {
        throw duckdb::NotImplementedException("tables have no %s", what);
    }
    bool is(std::string_view word) const { return at_ < end_ && words_.is(at_, word); }
    bool passes(std::string_view word) {
        if (!is(word)) return false;
        ++at_;
        return true;
    }
    void name_table(size_t from, size_t to) {
        const auto parts = words_.parts(from, to);
        if (parts.empty()) wrong("ALTER TABLE is followed by the name of a table");
        if (parts.size() > 2) has_no("names of three parts: " + words_.name(from, to));
        out_.table = words_.name(from, to);
        out_.alias = parts.back();
        at_ = to;
    }
    delta::FieldPath path() {
        const auto end = words_.behind_name(at_);
        if (end == at_ || end > end_) wrong("a column is named: " + words_.rest(at_));
        auto out = words_.parts(at_, end);
        at_ = end;
        return out;
    }
    std::string name() {
        auto out = path();
        if (out.size() != 1) wrong("a name without dots: " + delta::dotted(out));
        return out[0];
    }
    std::string text() {
        if (at_ >= end_ || !words_.is_text(at_)) wrong("a text in '…' stands here");
        return words_.text(at_++);
    }
    delta::DataType type() {
        const auto from = at_;
        for (int depth = 0; at_ < end_; ++at_) {
            depth += is("(") ? 1 : is(")") ? -1 : 0;
            if (depth < 0) break;  // of the columns that are added
            if (depth == 0 && (is(",") || std::ranges::any_of(kBehindType, [&](auto word) {
                                   return at_ > from && is(word);
                               })))
                break;
        }
        if (at_ == from) wrong("a type stands behind the column's name");
        return type_of_(words_.between(from, at_));
    }

    bool action() {
        if (passes("add")) return add();
        if (passes("drop")) return drop();
        if (passes("rename")) return rename();
        if (passes("alter") || passes("change")) return change();
        if (passes("cluster") && passes("by")) return cluster();
        return false;
    }
    bool cluster() {
        out_.alter.then = AlterThen::kClusterBy;
        if (!passes("none")) out_.alter.cluster_by = column_paths(words_, at_);
        return true;
    }
    bool add() {
        auto& to = out_.alter;
        if (passes("constraint")) return add_check();
        const bool several =
            is("(") || ((is("columns") || is("column")) && words_.is(at_ + 1, "("));
        if (!several) {
            passes("column");
            column(to);
            if (at_ < end_) no_more("; several stand in brackets: ADD COLUMNS (a …, b …)");
            return true;
        }
        at_ += is("(") ? 1 : 2;
        column(to);
        while (passes(","))
            column(to.more.emplace_back());
        if (!passes(")")) no_more("");
        return true;
    }
    void column(AlterStatement& to) {
        to.then = AlterThen::kAddColumn;
        to.if_not_exists = passes("if") && passes("not") && passes("exists");
        to.column = path();
        to.type = type();
        if (passes("comment")) to.text = text();
        position(to);
    }
    [[noreturn]] void no_more(const std::string& hint) const {
        has_no(StringUtil::Upper(words_.between(at_, at_ + 1)) + " for a column that is added" +
               hint);
    }
    bool position(AlterStatement& to) {
        if (passes("first"))
            to.after = "";
        else if (passes("after"))
            to.after = name();
        return to.after.has_value();
    }
    bool drop() {
        auto& to = out_.alter;
        if (passes("constraint")) {
            to.then = AlterThen::kDropCheck;
            to.if_exists = passes("if") && passes("exists");
            to.name = StringUtil::Lower(name());
            return true;
        }
        passes("column");
        to.then = AlterThen::kDropColumn;
        to.if_exists = passes("if") && passes("exists");
        to.column = path();
        return true;
    }
    bool rename() {
        auto& to = out_.alter;
        if (!passes("column") && is("to")) return false;  // of the table
        to.then = AlterThen::kRenameColumn;
        to.column = path();
        if (!passes("to")) wrong("RENAME COLUMN a TO b");
        to.name = name();
        return true;
    }
    bool change() {
        auto& to = out_.alter;
        passes("column");
        to.column = path();
        const bool sets = passes("set");
        if (sets && passes("not") && passes("null")) {
            to.then = AlterThen::kSetRequired;
        } else if (!sets && passes("drop") && passes("not") && passes("null")) {
            to.then = AlterThen::kDropRequired;
        } else if ((!sets || passes("data")) && passes("type")) {
            to.then = AlterThen::kSetType;
            to.type = type();
        } else if (!sets && passes("comment")) {
            to.then = AlterThen::kSetComment;
            to.text = text();
        } else if (!sets && position(to)) {
            to.then = AlterThen::kMoveColumn;
        } else {
            return false;
        }
        return true;
    }
    bool add_check() {
        auto& to = out_.alter;
        to.then = AlterThen::kAddCheck;
        to.name = StringUtil::Lower(name());
        const auto end = passes("check") && is("(") ? words_.behind_bracket(at_) : size_t(0);
        if (end == 0 || end > end_)
            wrong("ADD CONSTRAINT has a name and CHECK (a condition) behind it");
        to.text = words_.between(at_ + 1, end - 1);
        at_ = end;
        return true;
    }

    bool comment() {
        auto& to = out_.alter;
        to.then = AlterThen::kSetComment;
        const bool column = passes("column");
        if (!column && !passes("table")) return false;
        const auto from = at_, end = words_.behind_name(at_);
        if (!column) {
            name_table(from, end);
        } else {
            auto parts = words_.parts(from, end);
            if (parts.size() < 2) wrong("COMMENT ON COLUMN is followed by a table and its column");
            const size_t of_table = std::min<size_t>(2, parts.size() - 1);
            name_table(from, from + 2 * of_table - 1);
            to.column.assign(parts.begin() + long(of_table), parts.end());
            at_ = end;
        }
        if (!passes("is")) wrong("COMMENT ON … IS 'text'");
        if (!passes("null")) to.text = text();
        return true;
    }

    const Words words_;
    const TypeOf& type_of_;
    size_t at_ = 0, end_ = 0;
    TableStatement out_;
};

}  // namespace

std::vector<delta::FieldPath> column_paths(const Words& words, size_t& at) {
    std::vector<delta::FieldPath> out;
    const auto end = words.is(at, "(") ? words.behind_bracket(at) : 0;
    bool well = end > 0;
    for (bool more = true; well && more;) {
        const auto behind = words.behind_name(++at);
        well = behind > at;
        out.push_back(words.parts(at, behind));
        at = behind;
        more = words.is(at, ",");
    }
    if (!well || ++at != end)
        throw duckdb::ParserException("CLUSTER BY is followed by columns in brackets, or by NONE");
    return out;
}

std::optional<TableStatement> alter_statement(const std::string& text, const TypeOf& type_of) {
    return Alter(text, type_of).take();
}

}  // namespace tarn::sql
