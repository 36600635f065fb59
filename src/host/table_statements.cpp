#include "tarn/host/table_statements.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "tarn/host/maintain.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/table_statement.h"
#include "tarn/sql/words.h"

namespace tarn::host {
namespace {

class Parser {
  public:
    explicit Parser(std::string_view sql) : sql_(sql), words_(sql::words_of(sql)) {
        if (!words_.empty() && words_.back().is(";")) words_.pop_back();
    }

    Result<std::optional<CareStatement>> parse() {
        std::optional<CareStatement> out;
        const bool explains = take("explain");
        if (take("optimize"))
            out = optimize();
        else if (take("vacuum"))
            out = vacuum();
        else if (take("restore"))
            out = restore();
        else if (take("fsck"))
            out = repair();
        else if (take("undrop"))
            out = undrop();
        else
            out = clone();
        if (!out) return out;
        if (explains) explain(*out);
        if (problem_.empty() && at_ < words_.size()) expected("the end");
        if (!problem_.empty()) return fail(errors::kSql, problem_);
        return out;
    }

  private:
    bool is(size_t at, std::string_view word) const {
        return at < words_.size() && words_[at].is(word);
    }
    bool take(std::string_view word) {
        if (!is(at_, word)) return false;
        ++at_;
        return true;
    }
    void expected(std::string_view what) {
        if (!problem_.empty()) return;
        problem_ = at_ < words_.size() ? fmt::format("expected {}, not: {}", what,
                                                     sql_.substr(words_[at_].from, 40))
                                       : fmt::format("expected {} at the end", what);
    }
    void need(std::string_view word) {
        if (!take(word)) expected(word);
    }
    std::string name() {
        if (at_ >= words_.size() || words_[at_].quote == '\'') return expected("a name"), "";
        auto out = words_[at_++].text;
        while (take(".")) {
            if (at_ >= words_.size()) return expected("a name"), "";
            out += "." + words_[at_++].text;
        }
        return out;
    }
    std::string text() {
        if (at_ >= words_.size() || words_[at_].quote != '\'') return expected("a text in '…'"), "";
        return words_[at_++].text;
    }
    int64_t number() {
        int64_t out = 0;
        if (at_ < words_.size()) {
            const auto& word = words_[at_].text;
            const auto end = word.data() + word.size();
            if (std::from_chars(word.data(), end, out).ptr == end) return ++at_, out;
        }
        expected("a number");
        return 0;
    }
    // What it would do.
    void explain(CareStatement& out) {
        if (out.verb == "optimize" || out.verb == "vacuum" || out.verb == "repair")
            out.request["dry_run"] = true;
        else if (problem_.empty())
            problem_ = "EXPLAIN is of OPTIMIZE, VACUUM and FSCK REPAIR, not of " + out.verb;
    }
    void dry_run(CareStatement& out) {
        if (!take("dry")) return;
        need("run");
        out.request["dry_run"] = true;
    }
    // VERSION AS OF n, TIMESTAMP AS OF 't'; whether there was one.
    bool version(CareStatement& out) {
        const bool number_follows = take("version");
        if (!number_follows && !take("timestamp")) return false;
        need("as");
        need("of");
        if (number_follows)
            out.request["version"] = number();
        else
            out.request["time"] = text();
        return true;
    }

    CareStatement optimize() {
        take("table");
        CareStatement out{"optimize", name(), nlohmann::json::object()};
        if (take("full")) out.request["full"] = true;
        if (take("where")) {
            const auto from = at_;
            while (at_ < words_.size() && !is(at_, "zorder") &&
                   !(is(at_, "dry") && is(at_ + 1, "run")))
                ++at_;
            if (at_ == from) return expected("a condition"), out;
            out.request["where"] =
                sql_.substr(words_[from].from, words_[at_ - 1].to - words_[from].from);
        }
        if (take("zorder")) {
            need("by");
            const bool bracket = take("(");
            auto columns = nlohmann::json::array();
            do
                columns.push_back(name());
            while (take(","));
            if (bracket) need(")");
            out.request["order_by"] = std::move(columns);
        }
        dry_run(out);
        return out;
    }
    CareStatement vacuum() {
        take("table");
        CareStatement out{"vacuum", name(), nlohmann::json::object()};
        if (take("lite"))
            out.request["lite"] = true;
        else
            take("full");
        if (take("retain")) {
            const auto count = number();
            const bool days = take("days") || take("day");
            if (!days && !take("hours") && !take("hour")) expected("HOURS or DAYS");
            out.request["retain"] = std::to_string(count) + (days ? "d" : "h");
        }
        dry_run(out);
        return out;
    }
    CareStatement restore() {
        take("table");
        CareStatement out{"restore", name(), nlohmann::json::object()};
        need("to");
        if (problem_.empty() && !version(out)) expected("VERSION AS OF or TIMESTAMP AS OF");
        return out;
    }
    CareStatement repair() {
        need("repair");
        need("table");
        CareStatement out{"repair", name(), nlohmann::json::object()};
        dry_run(out);
        return out;
    }
    CareStatement undrop() {
        need("table");
        CareStatement out{"undrop", name(), nlohmann::json::object()};
        if (take("as")) out.request["as"] = name();
        return out;
    }
    std::optional<CareStatement> clone() {
        if (!take("create") || !take("table")) return std::nullopt;
        const auto target = name();
        const bool shallow = is(at_, "shallow");
        const bool deep = is(at_, "deep");
        if (is(at_ + 1, "clone") && (shallow || deep))
            at_ += 2;
        else
            return problem_.clear(), std::nullopt;
        CareStatement out{"clone", name(), {{"target", target}, {"deep", deep}}};
        version(out);
        return out;
    }

    const std::string_view sql_;
    std::vector<sql::Word> words_;
    size_t at_ = 0;
    std::string problem_;
};

std::string count_of(const nlohmann::ordered_json& answer, const char* key, std::string_view one) {
    const auto n = answer.value(key, uint64_t(0));
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

std::string care_text(const CareStatement& care, const nlohmann::ordered_json& answer) {
    const bool dry = answer.value("dry_run", false);
    const auto at = answer.find("version");
    const auto version = fmt::format(
        ", version {}", at != answer.end() && at->is_number() ? at->get<int64_t>() : int64_t(0));
    if (care.verb == "optimize") {
        const auto files = count_of(answer, "files_removed", "file");
        if (dry) return fmt::format("{}: {} would be packed{}", care.table, files, version);
        return fmt::format("{}: {} made into {}{}", care.table, files,
                           count_of(answer, "files_added", "file"), version);
    }
    if (care.verb == "vacuum")
        return fmt::format("{}: {}, {} {}", care.table, count_of(answer, "files", "file"),
                           count_of(answer, "bytes", "byte"), dry ? "would be removed" : "removed");
    if (care.verb == "restore")
        return fmt::format("{}: {} version {}{}", care.table,
                           answer.value("committed", false) ? "as of" : "is already",
                           answer.value("restored", int64_t(0)), version);
    if (care.verb == "repair") {
        const auto found = answer.value("found", uint64_t(0));
        std::string out = fmt::format("{}: {} {} damaged{}", care.table, found,
                                      found == 1 ? "thing that is" : "things that are", version);
        for (const auto& one : answer["repairs"])
            out += fmt::format("\n{}: {}; {}{}", one.value("where", ""), one.value("what", ""),
                               dry ? "would be: " : "", one.value("done", ""));
        for (const auto& one : answer["left"])
            out += fmt::format("\n{}: {}; cannot be mended", one.value("where", ""),
                               one.value("what", ""));
        return out;
    }
    if (care.verb == "undrop")
        return fmt::format("{}: is back as it was when it was dropped{}", answer.value("table", ""),
                           answer["version"].is_null() ? "; its log cannot be read" : version);
    return fmt::format("{}: cloned from {}, {}{}", answer.value("table", ""), care.table,
                       count_of(answer, "files", "file"), version);
}

}  // namespace

Result<std::optional<CareStatement>> parse_care_statement(std::string_view sql) {
    return Parser(sql).parse();
}

namespace {

// Where the statement begins.
size_t behind_explain(const std::vector<sql::Word>& words) {
    if (words.empty() || !words[0].is("explain")) return 0;
    return words.size() > 1 && words[1].is("analyze") ? 2 : 1;
}

// Whether it stood in front, and is taken off. Errors: kUnsupported (ANALYZE).
Result<bool> take_explain(std::string& sql) {
    const auto words = sql::words_of(sql);
    const auto at = behind_explain(words);
    if (at == 2)
        return fail(errors::kSqlRefused,
                    "EXPLAIN ANALYZE of a statement would do it. Its answer says what it did; "
                    "EXPLAIN alone says what it would read");
    if (at > 0) sql.erase(0, at < words.size() ? words[at].from : sql.size());
    return at > 0;
}

}  // namespace

bool is_table_statement(std::string_view sql) {
    constexpr std::array<std::string_view, 14> kWords = {
        "insert",   "update",  "delete",   "merge",  "create",  "alter",  "drop",
        "truncate", "comment", "optimize", "vacuum", "restore", "undrop", "fsck"};
    const auto words = sql::words_of(sql);
    const auto at = behind_explain(words);
    return at < words.size() &&
           std::ranges::any_of(kWords, [&](auto word) { return words[at].is(word); });
}

namespace {

// DROP TABLE t PURGE: the last word is Delta's, not DuckDB's.
bool take_purge(std::string& sql) {
    auto words = sql::words_of(sql);
    if (!words.empty() && words.back().is(";")) words.pop_back();
    if (words.size() < 4 || !words[0].is("drop") || !words.back().is("purge")) return false;
    sql.resize(words.back().from);
    return true;
}

Result<nlohmann::ordered_json> drop_by_statement(const sql::TableStatement& statement,
                                                 const DropTable& drop, bool purge) {
    auto dropped = drop(statement.table, purge);
    const bool there = dropped || dropped.error().code() != ErrorCode::kNotFound;
    if (!dropped && (there || !statement.if_exists)) return fail(std::move(dropped).error());
    return nlohmann::ordered_json{
        {"table", statement.table},
        {"dropped", there},
        {"text",
         !there  ? fmt::format("{}: there is no such table", statement.table)
         : purge ? fmt::format("{}: dropped, and its files are gone", statement.table)
                 : fmt::format("{0}: dropped. UNDROP TABLE {0} brings it back", statement.table)}};
}

}  // namespace

Result<nlohmann::ordered_json> run_table_statement(lake::Lake& lake, sql::Engine& engine,
                                                   const DropTable& drop, const std::string& text,
                                                   bool restricted) {
    auto sql = text;
    TARN_TRY(const auto care, parse_care_statement(sql));
    if (care) {
        TARN_TRY(auto answer, maintain_table(lake, care->verb, care->table, care->request));
        answer["text"] = care_text(*care, answer);
        return answer;
    }
    TARN_TRY(const bool explains, take_explain(sql));
    const bool purge = take_purge(sql);
    TARN_TRY(const auto statement, sql::parse_table_statement(engine, sql, restricted));
    if (!statement)
        return fail(errors::kSqlRefused,
                    restricted
                        ? "this is no statement that changes a table; queries go to /api/v1/sql"
                        : "this is no statement that changes a table");
    if (explains) {
        TARN_TRY(const auto plan, lake.explain(*statement, engine));
        return lake::plan_json(plan);
    }
    if (statement->kind == sql::TableStatement::Kind::kDrop)
        return drop_by_statement(*statement, drop, purge);
    TARN_TRY(const auto outcome, lake::run_statement(lake, engine, *statement));
    return lake::outcome_json(*statement, outcome);
}

}  // namespace tarn::host
