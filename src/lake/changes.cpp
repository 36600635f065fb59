// Reading tables by what their versions changed.

#include <algorithm>

#include <fmt/format.h>

#include "lake_impl.h"
#include "tarn/delta/changes.h"
#include "tarn/delta/log_files.h"
#include "tarn/lake/table_changes.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

using Layout = std::shared_ptr<const delta::Snapshot>;
using Rows = TableChanges::Rows;

constexpr const char* kChangeType = "_change_type";
constexpr const char* kOldImages = "('delete', 'update_preimage')";

Layout layout_of(const delta::Snapshot& table) {
    auto out = std::make_shared<delta::Snapshot>(table);
    out->files = {};
    return out;
}

// Change data files say of each row what became of it.
Layout with_change_type(const Layout& table) {
    auto schema = std::make_shared<delta::Schema>(*table->schema);
    delta::Field field;
    field.name = field.physical = kChangeType;
    schema->fields.push_back(std::move(field));
    auto out = std::make_shared<delta::Snapshot>(*table);
    out->schema = std::move(schema);
    return out;
}

// A column's name at `then`: one that was renamed is still stored as it was.
const delta::Field* field_of(const delta::Snapshot& then, const delta::Snapshot& now,
                             const delta::Field& wanted) {
    const auto& stored = delta::physical_name(wanted, now.mapping());
    for (const auto& field : then.schema->fields)
        if (delta::physical_name(field, then.mapping()) == stored) return &field;
    return then.schema->find(wanted.name);  // of a table that was made anew
}

// "CAST(…) AS …" of each of these columns of `now`, in the SQL over what `then` stored.
Result<std::string> column_texts(const delta::Snapshot& then, const delta::Snapshot& now,
                                 std::span<const std::string> columns) {
    std::string out;
    for (const auto& name : columns) {
        const auto* wanted = now.schema->find(name);
        if (!wanted)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("table {} has no column {} any more", now.root, name));
        const auto* field = field_of(then, now, *wanted);
        TARN_TRY(const auto types, delta::columns_of({{*wanted}}));
        const auto& type = types[0].type;
        const auto value = field ? sql::quoted_name(field->name) : "NULL";
        const auto sql_type = type == codec::ColumnType::kTimestampNtz ? std::string("TIMESTAMP")
                                                                       : codec::to_string(type);
        const bool same = field && field->type == wanted->type;
        if (!same && type.is_nested())
            return fail(ErrorCode::kUnsupported,
                        fmt::format("column {} of table {} was of another type in version {}", name,
                                    now.root, then.version));
        out += fmt::format("{}{} AS {}", out.empty() ? "" : ", ",
                           same ? value : fmt::format("CAST({} AS {})", value, sql_type),
                           sql::quoted_name(name));
    }
    return out;
}

// A file of which some rows are meant.
std::shared_ptr<const delta::AddFile> part_of(const delta::AddFile& file, size_t rows) {
    auto out = std::make_shared<delta::AddFile>(file);
    const auto all = std::max<int64_t>(int64_t(rows), file.records);
    out->size = std::max<int64_t>(1, int64_t(double(file.size) * double(rows) / double(all)));
    out->records = int64_t(rows);
    out->stats.clear();
    out->deletion_vector.reset();
    return out;
}

void put(std::shared_ptr<const delta::AddFile> file, Rows rows, TableChanges& out) {
    out.files.push_back(std::move(file));
    out.parts.push_back({rows});
}

// Old images of several files stand before all new ones: a key may move from one to another.
void put_logged(const std::vector<delta::ChangedRows>& changed, TableChanges& out) {
    if (changed.size() == 1) return put(changed[0].file, Rows::kLogged, out);
    for (const auto rows : {Rows::kLoggedWent, Rows::kLoggedCame})
        for (const auto& one : changed)
            put(one.file, rows, out);
}

}  // namespace

std::span<const codec::ColumnSpec> change_columns() {
    static const codec::ColumnSpec kColumns[] = {
        {kChangeType, codec::ColumnType::kText, false},
        {"_commit_version", codec::ColumnType::kInt64, false},
        {"_commit_timestamp", codec::ColumnType::kTimestamp, false}};
    return kColumns;
}

TableAt::TableAt(sql::Session& session, sql::DeltaFiles files, std::string columns)
    : given_(session, files), columns_(std::move(columns)) {}

std::string TableAt::text() const {
    return fmt::format("(SELECT {} FROM {})", columns_, given_.text());
}

// The table's columns as of a version, and before it where it changed them.
Status Lake::Impl::find_layouts(Entry& entry, const delta::Snapshot& newest, bool new_columns,
                                TableChanges& out) {
    MutexLock lock(entry.reading);
    auto& known = entry.layout;
    if (known && known->metadata->id != newest.metadata->id) known = nullptr;  // made anew
    const bool follows = known && entry.layout_at + 1 == out.version;
    const auto last = known;
    if (known && entry.layout_at == out.version) {
        out.after = known;
    } else if (follows && !new_columns) {
        out.after = known;
    } else {
        TARN_TRY(auto table, entry.table.at(out.version));
        out.after = layout_of(*table);
    }
    known = out.after;
    entry.layout_at = out.version;
    out.before = out.after;
    const bool goes =
        std::ranges::any_of(out.parts, [](const auto& part) { return part.rows == Rows::kWent; });
    if (!new_columns || !goes || out.version == 0) return {};
    if (follows) {
        out.before = last;
        return {};
    }
    TARN_TRY(auto table, entry.table.at(out.version - 1));
    out.before = layout_of(*table);
    return {};
}

Result<TableChanges> Lake::changes(std::string_view table, int64_t version) {
    TARN_TRY(auto entry, impl_->entry(table));
    auto& fs = impl_->context.fs;
    auto changes = delta::changes_of(fs, entry->table, version);
    if (!changes) return fail(std::move(changes).error().with_context(std::string(table)));
    TARN_TRY(const auto newest, impl_->snapshot(table));
    TableChanges out;
    out.version = version;
    auto made_ms = changes->in_commit_ms ? changes->in_commit_ms : changes->said_ms;
    if (!made_ms) {
        TARN_TRY(auto info, fs.stat(entry->table.log_folder() + "/" + delta::commit_name(version)));
        made_ms = info.modified.ms();
    }
    out.time = Timestamp::from_ms(*made_ms);
    if (!changes->rows.empty() && changes->rows[0].change == delta::RowChange::kLogged) {
        put_logged(changes->rows, out);
    } else {
        for (auto& one : changes->rows) {
            const auto rows = one.change == delta::RowChange::kInsert ? Rows::kCame : Rows::kWent;
            put(one.only ? part_of(*one.file, one.only->size()) : one.file, rows, out);
            if (one.only) out.parts.back().only = std::move(*one.only);
        }
    }
    TARN_RETURN_IF_ERROR(impl_->find_layouts(*entry, *newest, changes->new_metadata, out));
    return out;
}

// By path: the order in which files came depends on whether a checkpoint was read.
Result<TableChanges> Lake::whole(std::string_view table, int64_t version) {
    TARN_TRY(auto entry, impl_->entry(table));
    TARN_RETURN_IF_ERROR(impl_->snapshot(table));
    TARN_TRY(const auto snapshot, entry->table.at(version));
    TableChanges out;
    out.version = version;
    out.time = Timestamp::from_ms(snapshot->commit_ms);
    auto files = snapshot->files.all();
    std::ranges::sort(files, {}, [](const auto& file) -> const auto& { return file->path; });
    for (auto& file : files)
        put(std::move(file), Rows::kCame, out);
    out.before = out.after = layout_of(*snapshot);
    return out;
}

Result<ChangedBatches> Lake::read_changes(sql::Session& session, std::string_view table,
                                          const TableChanges& changes, size_t file,
                                          std::span<const std::string> columns, size_t batch_rows) {
    TARN_TRY(const auto newest, impl_->snapshot(table));
    const auto& [rows, only] = changes.parts.at(file);
    const bool logged = rows != Rows::kCame && rows != Rows::kWent;
    const auto& layout = rows == Rows::kWent ? changes.before : changes.after;
    sql::DeltaFiles files{logged ? with_change_type(layout) : layout, {changes.files[file]}};
    if (!only.empty())
        files.only.emplace(changes.files[file].get(), std::make_shared<const delta::RowSet>(only));
    TARN_TRY(const auto texts, column_texts(*layout, *newest, columns));
    const sql::GivenFiles given(session, files);
    auto select = fmt::format(
        "SELECT {}{}{} AS _change_type, CAST({} AS BIGINT) AS _commit_version, "
        "make_timestamptz({}) AS _commit_timestamp FROM {}",
        texts, texts.empty() ? "" : ", ",
        logged                ? "_change_type"
        : rows == Rows::kCame ? "'insert'"
                              : "'delete'",
        changes.version, changes.time.us, given.text());
    ChangedBatches out;
    if (!logged || rows == Rows::kLoggedWent || rows == Rows::kLogged) {
        const auto those = logged ? fmt::format(" WHERE _change_type IN {}", kOldImages) : "";
        TARN_TRY(out.rows, sql::read_given_files(session, select + those, batch_rows));
        out.went = rows == Rows::kCame ? 0 : out.rows.size();
    }
    if (rows == Rows::kLoggedCame || rows == Rows::kLogged) {
        TARN_TRY(auto came,
                 sql::read_given_files(
                     session, fmt::format("{} WHERE _change_type NOT IN {}", select, kOldImages),
                     batch_rows));
        std::ranges::move(came, std::back_inserter(out.rows));
    }
    return out;
}

Result<std::unique_ptr<TableAt>> Lake::give(sql::Session& session, std::string_view table,
                                            int64_t version, std::span<const std::string> columns) {
    TARN_TRY(auto entry, impl_->entry(table));
    TARN_TRY(const auto newest, impl_->snapshot(table));
    TARN_TRY(const auto snapshot, entry->table.at(version));
    TARN_TRY(auto texts, column_texts(*snapshot, *newest, columns));
    auto files = snapshot->files.all();
    std::ranges::sort(files, {}, [](const auto& file) -> const auto& { return file->path; });
    return std::make_unique<TableAt>(session, sql::DeltaFiles{snapshot, std::move(files)},
                                     std::move(texts));
}

}  // namespace tarn::lake
