// A data file opened and held against what the log says of it. Columns are looked at by SQL in the
// table's own types, so that tables of other writers can be judged too.

#include "file_check.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/statistics.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/result.h"

namespace tarn::lake {
namespace {

using delta::TypeKind;
using sql::quoted_name;
using sql::quoted_text;

// The numbers of a query's one row.
class OneRow final : public sql::ResultSink {
  public:
    Status begin(std::span<const sql::ResultColumn> columns) override {
        numbers.resize(columns.size());
        return {};
    }
    Status batch(const sql::ResultBatch& batch) override {
        for (size_t c = 0; c < numbers.size() && batch.rows() > 0; ++c)
            numbers[c] = batch.integer(c, 0);
        return {};
    }
    std::vector<int64_t> numbers;
};

bool has_bounds(TypeKind kind) {
    switch (kind) {
        case TypeKind::kBoolean:
        case TypeKind::kBinary:
        case TypeKind::kVoid:
        case TypeKind::kVariant:
        case TypeKind::kStruct:
        case TypeKind::kArray:
        case TypeKind::kMap:
            return false;
        default:
            return true;
    }
}
// Of which a bound is a value of the file, not one near to it.
bool has_exact_bounds(TypeKind kind) {
    return kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger ||
           kind == TypeKind::kLong || kind == TypeKind::kDecimal || kind == TypeKind::kDate;
}

class FileCheck {
  public:
    FileCheck(io::FileSystem& fs, sql::Session& session,
              const std::shared_ptr<const delta::Snapshot>& table, const delta::AddFile& file,
              const std::function<void(std::string)>& say)
        : fs_(fs),
          session_(session),
          shared_(table),
          table_(*table),
          file_(file),
          path_(delta::canonical_path(file.path, table->root)),
          say_(say) {}

    Result<CheckedFile> run() {
        TARN_TRY(auto info, fs_.stat(delta::disk_path(path_, table_.root)));
        if (int64_t(info.size) != file_.size)
            say_(fmt::format("has {} bytes, the log says {}", info.size, file_.size));
        for (const auto& name : table_.metadata->partition_columns) {
            const auto* field = table_.schema->find(name);
            const auto key = field ? delta::physical_name(*field, table_.mapping()) : name;
            if (std::ranges::none_of(file_.partition_values,
                                     [&](const auto& one) { return one.first == key; }))
                say_("the log has no value for partition column " + name);
        }
        // All rows, those that a vector deletes too: that is what counts and bounds are of.
        auto whole = std::make_shared<delta::AddFile>(file_);
        whole->deletion_vector = nullptr;
        sql::GivenFiles given(session_, {shared_, {std::move(whole)}});
        TARN_TRY(const auto rows, check_columns(given.text()));
        if (!file_.deletion_vector) return CheckedFile{rows, false};
        TARN_TRY(const auto deleted,
                 delta::read_deletion_vector(fs_, table_.root, *file_.deletion_vector));
        if (file_.records < 0) say_("has a deletion vector, but the log does not count its rows");
        if (!deleted.empty() && deleted.back() >= uint64_t(rows))
            say_("its deletion vector goes beyond it");
        return CheckedFile{rows - int64_t(deleted.size()), true};
    }

  private:
    struct Question {
        size_t at = 0;  // of its answer
        const delta::Field* field = nullptr;
        std::string name;  // "s.f" of a field of a struct
        delta::ColumnRange stated = {};
        bool top = true;  // not inside of a struct
        bool low = false, high = false, exact = false;
    };

    // The questions of one query, and what the log says.
    struct Questions {
        std::string select = "SELECT count(*)";
        size_t answers = 1;
        std::map<std::string, delta::ColumnRange> stated = {};
        bool exact = false;
        std::vector<Question> all = {};
    };

    // Gives the number of rows.
    Result<int64_t> check_columns(const std::string& rows_of) {
        Questions questions;
        if (!file_.stats.empty()) {
            auto stated = delta::read_leaf_statistics(file_.stats);
            if (stated)
                questions.stated = *std::move(stated);
            else
                say_(stated.error().message());
        }
        // Files that Tarn's appends wrote bear the table's id: their bounds are values.
        questions.exact =
            path_.find("-" + table_.metadata->id.substr(0, 8) + "-") != std::string::npos;
        const auto& partitions = table_.metadata->partition_columns;
        for (const auto& field : table_.schema->fields)
            if (std::ranges::find(partitions, field.name) == partitions.end())
                ask(field, "", "", field.name, questions);
        OneRow row;
        auto done = session_.query(questions.select + " FROM " + rows_of, {}, row);
        if (!done) return fail(std::move(done).error());
        const int64_t count = row.numbers.at(0);
        if (file_.records >= 0 && count != file_.records)
            say_(fmt::format("has {} rows, the log says {}", count, file_.records));
        for (const auto& question : questions.all)
            judge(question, count, row.numbers);
        return count;
    }

    static std::string literal(const std::string& text, TypeKind kind) {
        if (kind == TypeKind::kTimestamp) return quoted_text(text) + "::TIMESTAMPTZ";
        if (kind == TypeKind::kTimestampNtz) return quoted_text(text) + "::TIMESTAMP";
        return quoted_text(text);
    }
    // Statistics are cut to milliseconds.
    static std::string most(const std::string& text, TypeKind kind) {
        const bool time = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
        return literal(text, kind) + (time ? " + INTERVAL 1 MILLISECOND" : "");
    }

    // `parent`: the struct around it, as SQL and as the log name it.
    void ask(const delta::Field& field, const std::string& parent, const std::string& leaf,
             const std::string& said, Questions& to) const {
        const auto kind = field.type.kind;
        if (kind == TypeKind::kVoid) return;
        const auto name = parent + quoted_name(field.name);
        const auto key = delta::leaf_name(leaf, delta::physical_name(field, table_.mapping()));
        if (kind == TypeKind::kStruct)
            for (const auto& inner : field.type.fields)
                ask(inner, name + ".", key, said + "." + inner.name, to);
        Question out{.at = to.answers, .field = &field, .name = said, .top = parent.empty()};
        if (const auto found = to.stated.find(key); found != to.stated.end())
            out.stated = found->second;
        auto count = [&](const std::string& condition) {
            to.select += fmt::format(", count(*) FILTER (WHERE {})", condition);
            ++to.answers;
        };
        count(name + " IS NULL");
        if (has_bounds(kind)) {
            const auto& [min, max, nulls] = out.stated;
            out.low = min.has_value();
            out.high = max.has_value();
            out.exact = to.exact && has_exact_bounds(kind);
            if (out.low) count(name + " < " + literal(*min, kind));
            if (out.high) count(name + " > " + most(*max, kind));
            if (out.low && out.exact) count(name + " = " + literal(*min, kind));
            if (out.high && out.exact) count(name + " = " + literal(*max, kind));
        }
        to.all.push_back(std::move(out));
    }

    void judge(const Question& asked, int64_t rows, const std::vector<int64_t>& answers) {
        const auto& name = asked.name;
        size_t at = asked.at;
        const auto nulls = answers.at(at++);
        const bool tight = !file_.deletion_vector &&
                           file_.stats.find("\"tightBounds\":false") == std::string::npos;
        if (const auto stated = asked.stated.nulls) {
            // Wide bounds: it says something only where none or all are null.
            // A variant's own null reads as NULL.
            const bool counts = (tight || *stated == 0 || *stated == file_.records) &&
                                asked.field->type.kind != TypeKind::kVariant;
            if (counts && *stated != nulls)
                say_(fmt::format("column {} has {} nulls, the log says {}", name, nulls, *stated));
        }
        if (asked.top && !asked.field->nullable && nulls > 0 && !file_.deletion_vector)
            say_(fmt::format("column {} is required and has {} nulls", name, nulls));
        if (asked.low && answers.at(at++) > 0)
            say_("column " + name + " has values below the minimum in the log");
        if (asked.high && answers.at(at++) > 0)
            say_("column " + name + " has values above the maximum in the log");
        if (!asked.exact || !tight || rows == nulls) return;
        if (asked.low && answers.at(at++) == 0)
            say_("column " + name + " does not have the minimum in the log");
        if (asked.high && answers.at(at++) == 0)
            say_("column " + name + " does not have the maximum in the log");
    }

    io::FileSystem& fs_;
    sql::Session& session_;
    const std::shared_ptr<const delta::Snapshot>& shared_;
    const delta::Snapshot& table_;
    const delta::AddFile& file_;
    const std::string path_;  // canonical
    const std::function<void(std::string)>& say_;
};

}  // namespace

Result<CheckedFile> check_file(io::FileSystem& fs, sql::Session& session,
                               const std::shared_ptr<const delta::Snapshot>& table,
                               const delta::AddFile& file,
                               const std::function<void(std::string what)>& say) {
    return FileCheck(fs, session, table, file, say).run();
}

bool tells_of_the_file(const Error& error) {
    return error.code() != ErrorCode::kResourceExhausted && error.code() != ErrorCode::kCancelled;
}

}  // namespace tarn::lake
