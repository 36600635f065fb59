// EXPLAIN of statements that change tables: the version, the files that its scan of the table would
// open, and the rules that rows are held to. The scan is planned and run over the same table
// without its files; what it asked for then is held against each file's values in the log.

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

using Kind = sql::TableStatement::Kind;
using Overwrite = sql::TableStatement::Overwrite;
using sql::quoted_name;

std::string_view name_of(const sql::TableStatement& statement) {
    switch (statement.kind) {
        case Kind::kInsert:
            return statement.overwrite == Overwrite::kNothing ? "INSERT" : "INSERT OVERWRITE";
        case Kind::kDelete:
            return "DELETE";
        case Kind::kUpdate:
            return "UPDATE";
        case Kind::kMerge:
            return "MERGE";
        case Kind::kCreate:
            return "CREATE TABLE AS";
        case Kind::kAlter:
            return "ALTER TABLE";
        case Kind::kDrop:
            return "DROP TABLE";
    }
    return "";
}

class Explain {
  public:
    Explain(Lake::Impl& lake, sql::Engine& engine, const sql::TableStatement& statement)
        : lake_(lake), engine_(engine), statement_(statement) {}

    Result<StatementPlan> run() {
        const bool makes = statement_.kind == Kind::kCreate;
        if (statement_.kind == Kind::kAlter || statement_.kind == Kind::kDrop ||
            (makes && statement_.select.empty()))
            return fail(errors::kSqlRefused,
                        fmt::format("{} reads no rows: there is nothing to explain",
                                    makes ? "CREATE TABLE" : name_of(statement_)));
        TARN_TRY(session_, engine_.session());
        auto found = lake_.snapshot(statement_.table);
        if (found)
            table_ = *found;
        else if (!makes || found.error().code() != ErrorCode::kNotFound)
            return fail(std::move(found).error());
        sql::hold_tables(*session_, table_);
        if (makes)
            make();
        else
            TARN_RETURN_IF_ERROR(change());
        TARN_TRY(out_.plan, plan_of_reads());
        out_.text += out_.plan;
        return std::move(out_);
    }

  private:
    void say(const std::string& line) { out_.text += line + "\n"; }

    void head(const std::string& of) {
        out_.table = statement_.table;
        out_.statement = name_of(statement_);
        if (table_) out_.version = table_->version;
        say(fmt::format("{}: {} {}", statement_.table, name_of(statement_), of));
    }
    void make() {
        if (!table_) return head("makes it");
        head(fmt::format("on top of version {}", table_->version));
        if (statement_.or_replace)
            say(fmt::format("all of its {} files go, unread", table_->files.size()));
        else
            say(statement_.if_not_exists ? "it is there: nothing is done" : "it is there: refused");
    }
    Status change() {
        head(fmt::format("on top of version {}", table_->version));
        TARN_TRY(const auto rules, row_rules(engine_, *table_));
        TARN_RETURN_IF_ERROR(files());
        const bool removes = statement_.kind != Kind::kInsert;
        const bool marks = marks_rows(*table_);
        out_.marks_rows = removes && marks;
        if (removes)
            say(marks ? "rows that go are marked in deletion vectors"
                      : "files with rows that go are written anew (copy on write)");
        if (statement_.kind != Kind::kDelete) TARN_RETURN_IF_ERROR(held_to(rules));
        return {};
    }

    // A SELECT of what is looked at of the table; empty: nothing.
    std::string looked_at(const std::string& rows) const {
        const auto from =
            fmt::format("SELECT {0}.{1} FROM {2} AS {0}", quoted_name(statement_.alias),
                        quoted_name(sql::kRowColumn), rows);
        switch (statement_.kind) {
            case Kind::kMerge:
                return fmt::format("{} JOIN ({}) AS {} ON ({})", from, statement_.source,
                                   quoted_name(statement_.source_alias), statement_.on);
            case Kind::kInsert:
                if (statement_.overwrite != Overwrite::kWhere) return "";
                [[fallthrough]];
            default:
                return fmt::format("{} WHERE ({})", from,
                                   statement_.where.empty() ? "true" : statement_.where);
        }
    }
    bool reads_all() const {
        return std::ranges::any_of(statement_.clauses, [](const auto& clause) {
            return clause.when == sql::MergeWhen::kNotMatchedBySource;
        });
    }
    Status files() {
        auto asked = std::make_shared<sql::AskedRows>();
        sql::DeltaFiles none{table_, {}};
        none.numbered = true;
        none.asked = asked;
        const sql::GivenFiles given(*session_, none);
        const auto select = looked_at(given.text());
        if (!select.empty())
            if (auto ran = session_->query_columns(select); !ran)
                return fail(std::move(ran).error());
        uint64_t count = 0, bytes = 0, all_bytes = 0;
        table_->files.each([&](const auto& file) {
            all_bytes += uint64_t(file->size);
            if (select.empty() || (!reads_all() && !asked->may_hold(*file))) return;
            ++count;
            bytes += uint64_t(file->size);
        });
        out_.files = table_->files.size();
        out_.bytes = all_bytes;
        out_.files_read = count;
        out_.bytes_read = bytes;
        if (!select.empty())
            say(fmt::format("reads {}{} of {} files, {} of {} bytes",
                            statement_.kind == Kind::kMerge ? "at most " : "", count,
                            table_->files.size(), bytes, all_bytes));
        else if (statement_.overwrite == Overwrite::kNothing)
            say(fmt::format("reads none of {} files", table_->files.size()));
        else
            say(statement_.overwrite == Overwrite::kAll
                    ? fmt::format("all of {} files go, unread", table_->files.size())
                    : fmt::format("of {} files those go, unread, in whose partitions rows come",
                                  table_->files.size()));
        return {};
    }
    Status held_to(const RowRules& rules) {
        auto& said = out_.rules;
        for (const auto& check : rules.checks)
            said.push_back(fmt::format("CHECK {} ({})", check.name, check.text));
        for (const auto& field : table_->schema->fields)
            if (!field.nullable) said.push_back("NOT NULL " + field.name);
        for (const auto& [column, expression] : rules.generated)
            said.push_back(fmt::format("{} is generated as {}", column, expression));
        for (const auto& [column, identity] : rules.identities) {
            TARN_TRY(const auto next, identity.next());
            said.push_back(
                fmt::format("{} is an identity column, whose next number is {}", column, next));
        }
        for (const auto& rule : said)
            say(rule);
        return {};
    }

    // DuckDB's plan of what the statement reads, with the strategy of its join.
    Result<std::string> plan_of_reads() {
        auto select = statement_.select;
        if (select.empty()) {
            sql::DeltaFiles all{table_, table_->files.all()};
            const sql::GivenFiles given(*session_, all);
            return plan(looked_at(given.text()));
        }
        return plan(select);
    }
    Result<std::string> plan(const std::string& select) {
        TARN_TRY(const auto rows, session_->query_columns("EXPLAIN " + select));
        std::string out;
        for (size_t row = 0; row < rows.row_count; ++row)
            out += rows.columns.at(1).text(row);
        return out;
    }

    Lake::Impl& lake_;
    sql::Engine& engine_;
    const sql::TableStatement& statement_;
    std::shared_ptr<const delta::Snapshot> table_;  // null: it is not there
    std::unique_ptr<sql::Session> session_;
    StatementPlan out_;
};

}  // namespace

Result<StatementPlan> Lake::explain(const sql::TableStatement& statement, sql::Engine& engine) {
    return Explain(*impl_, engine, statement).run();
}

}  // namespace tarn::lake
