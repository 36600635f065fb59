#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "action.h"
#include "tarn/base/utf8.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/partition.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/statistics.h"
#include "tarn/lake/error_ids.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/parquet.h"

namespace tarn::errors {
extern const ErrorId kTableFenced;
}  // namespace tarn::errors

namespace tarn::lake {
namespace {

constexpr size_t kFilesPerStep = 5000;

// Letters, digits and ._- stay; everything else as ~XX, so that different stems stay different. A
// long one is bounded.
std::string file_safe(std::string_view stem) {
    std::string out;
    for (char c : stem) {
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '.' || c == '_' || c == '-';
        if (plain)
            out += c;
        else
            out += fmt::format("~{:02X}", static_cast<unsigned char>(c));
    }
    return delta::bounded_name(std::move(out), delta::kMostNameBytes);
}

bool has_null(const codec::Column& column, size_t rows) {
    if (column.validity.empty()) return false;
    for (size_t row = 0; row < rows; ++row)
        if (column.is_null(row)) return true;
    return false;
}

// Of a dictionary all entries are looked at.
bool has_only_text(const codec::Column& column, size_t rows) {
    const auto* texts = column.values<codec::TextRef>();
    if (column.dictionary) {
        for (size_t i = 0; i < column.dictionary_size(); ++i)
            if (!valid_utf8(texts[i].view())) return false;
        return true;
    }
    for (size_t row = 0; row < rows; ++row)
        if (!column.is_null(row) && !valid_utf8(texts[row].view())) return false;
    return true;
}

// The batches under the names that files have.
Batches stored_batches(const delta::Snapshot& snapshot, const Batches& batches) {
    if (snapshot.mapping() == delta::ColumnMapping::kNone) return batches;
    Batches out;
    for (const auto& batch : batches) {
        auto renamed = std::make_shared<codec::ColumnBatch>(*batch);
        for (auto& column : renamed->schema)
            column.name = stored_name(snapshot, column.name);
        out.push_back(std::move(renamed));
    }
    return out;
}

}  // namespace

Status Write::check_schema() {
    auto wrong = [&](std::string what) {
        return fail(ErrorCode::kInvalidArgument,
                    "rows do not fit table " + request_.table + ": " + what);
    };
    TARN_RETURN_IF_ERROR(delta::check_writable(snapshot_->protocol, *snapshot_->metadata));
    TARN_RETURN_IF_ERROR(check_rules(*snapshot_));
    TARN_TRY(auto columns, delta::columns_of(*snapshot_->schema));
    if (request_.batches.empty()) return {};
    auto& first = *request_.batches[0];
    for (auto& batch : request_.batches)
        if (batch->schema != first.schema) return wrong("its batches differ in their columns");
    for (auto& spec : first.schema)
        if (std::none_of(columns.begin(), columns.end(),
                         [&](auto& c) { return c.name == spec.name; }))
            return wrong("it has no column " + spec.name);
    auto& partitions = snapshot_->metadata->partition_columns;
    for (auto& name : partitions)
        partition_columns_.push_back(first.find(name));
    for (auto& column : columns) {
        int at = first.find(column.name);
        const bool part =
            std::find(partitions.begin(), partitions.end(), column.name) != partitions.end();
        if (at < 0 && !column.required && !part) continue;  // absent in a file: null
        if (at < 0) return wrong("column " + column.name + " is missing");
        if (first.schema[size_t(at)].type != column.type)
            return wrong(fmt::format("column {} is {}, not {}", column.name,
                                     codec::to_string(column.type),
                                     codec::to_string(first.schema[size_t(at)].type)));
        for (auto& batch : request_.batches) {
            const auto& values = batch->columns[size_t(at)];
            if (column.required && has_null(values, batch->row_count))
                return wrong("column " + column.name + " is required and has a null");
            if (column.type == codec::ColumnType::kText && !has_only_text(values, batch->row_count))
                return wrong("column " + column.name + " has a text that is not valid UTF-8");
        }
        if (!part) data_columns_.push_back(at);
    }
    return {};
}

Result<bool> Lake::Impl::has_transaction(Entry& entry, const delta::Snapshot& table,
                                         std::string_view name, const Txn& txn) {
    auto there = table.transaction(txn.app_id);
    auto known = entry.known.find(txn.app_id);
    if (known != entry.known.end() && there > known->second)
        return fail(errors::kTableFenced,
                    fmt::format("another writer of {} is at {} in table {}, we were at {}: fenced",
                                txn.app_id, there, name, known->second));
    entry.known[txn.app_id] = there;
    return there >= txn.version;
}

Status Write::write_file(const std::string& folder, delta::StringMap values, const Batches& batches,
                         size_t number) {
    // The table's id keeps the names of a table apart from those of one that had its place before:
    // readers cache files by name and never look again.
    auto stem = fmt::format("part-{:05}-{}-{}", number, snapshot_->metadata->id.substr(0, 8),
                            file_safe(request_.file_stem));
    auto relative = folder + stem + ".zstd.parquet";
    if (entry_.table.knows_file(relative))
        relative = folder + stem + "-" + lake_.new_uuid().str() + ".zstd.parquet";
    auto path = snapshot_->root + "/" + relative;
    auto parent = io::parent_path(path);
    auto& failpoints = lake_.context.failpoints;
    TARN_RETURN_IF_ERROR(failpoints.hit("lake.before_data"));
    if (!folder.empty()) TARN_RETURN_IF_ERROR(lake_.context.fs.create_folders(parent));
    std::vector<std::string> names;
    for (const auto column : data_columns_)
        names.push_back(batches[0]->schema[size_t(column)].name);
    TARN_TRY(auto file, sql::write_parquet(*session_, path, batches, data_columns_,
                                           {.stored = sql::stored_columns(*snapshot_, names)}));
    TARN_RETURN_IF_ERROR(failpoints.hit("lake.before_sync_folder"));
    TARN_RETURN_IF_ERROR(lake_.context.fs.sync_folder(parent));
    delta::AddFile add;
    add.path = delta::percent_encode(relative);
    add.partition_values = std::move(values);
    add.size = int64_t(file.bytes);
    add.modified_ms = request_.time.ms();
    auto indexed =
        integer_property(*snapshot_, "delta.dataSkippingNumIndexedCols", delta::kIndexedColumns);
    add.stats =
        delta::file_statistics(stored_batches(*snapshot_, batches), data_columns_, int(indexed));
    add.records = int64_t(file.rows);
    outcome_.rows += file.rows;
    outcome_.bytes += file.bytes;
    ++outcome_.files;
    adds_.push_back(std::move(add));
    return {};
}

Status Write::write_files() {
    TARN_TRY(session_, lake_.context.engine.session());
    auto& names = snapshot_->metadata->partition_columns;
    for (auto& [key, batches] : split_by_partition(request_.batches, partition_columns_)) {
        std::string folder;
        delta::StringMap values;
        for (size_t i = 0; i < names.size(); ++i) {
            folder += delta::partition_folder(names[i], key[i]) + "/";
            values.emplace_back(stored_name(*snapshot_, names[i]), key[i]);
        }
        TARN_RETURN_IF_ERROR(write_file(folder, std::move(values), batches, adds_.size()));
    }
    return {};
}

delta::CommitInfo Write::info() const {
    delta::CommitInfo out;
    out.operation = "WRITE";
    std::string partitions = "[";
    for (auto& name : snapshot_->metadata->partition_columns) {
        if (partitions.size() > 1) partitions += ',';
        delta::append_json_string(partitions, name);
    }
    out.parameters = {{"mode", std::string(action_.mode)}, {"partitionBy", partitions + "]"}};
    for (const auto& [key, value] : action_.parameters)
        out.parameters.emplace_back(key, value);
    out.metrics = {{"numFiles", std::to_string(outcome_.files)},
                   {"numOutputRows", std::to_string(outcome_.rows)},
                   {"numOutputBytes", std::to_string(outcome_.bytes)}};
    out.blind_append = action_.removes == nullptr;
    if (!request_.user_metadata.empty()) out.user_metadata = json_object(request_.user_metadata);
    out.engine = kEngine;
    out.txn_id = lake_.new_uuid().str();
    return out;
}

Result<AppendOutcome> Write::commit() {
    delta::CommitRequest commit;
    if (action_.removes) commit.removes = action_.removes(*snapshot_, adds_, request_.time);
    commit.adds = std::move(adds_);
    commit.time = request_.time;
    commit.info = info();
    auto add_txn = [&](const Txn& txn) {
        auto same = [&](auto& other) { return other.app_id == txn.app_id; };
        if (std::any_of(commit.transactions.begin(), commit.transactions.end(), same)) return;
        commit.transactions.push_back({txn.app_id, txn.version, request_.time.ms()});
    };
    if (request_.txn) add_txn(*request_.txn);
    for (auto& txn : request_.more_txns)
        add_txn(txn);
    auto append = [&] {
        try {
            return entry_.table.commit(std::move(commit), *snapshot_, lake_.steps());
        } catch (...) {
            // It may be made: whoever asks again is not fenced by himself.
            if (request_.txn) entry_.known[request_.txn->app_id] = request_.txn->version;
            throw;
        }
    };
    TARN_TRY(auto made, append());
    lake_.conflicts.add(made.conflicts);
    if (request_.txn) entry_.known[request_.txn->app_id] = request_.txn->version;
    snapshot_ = made.snapshot;
    outcome_.version = made.version;
    return outcome_;
}

Result<AppendOutcome> Write::run() {
    TARN_TRY(snapshot_, lake_.snapshot(request_.table));
    if (request_.time.us == 0) request_.time = lake_.context.clock.now();
    if (request_.file_stem.empty()) request_.file_stem = lake_.new_uuid().str();
    TARN_RETURN_IF_ERROR(check_schema());
    bool duplicate = false;
    if (request_.txn) {
        TARN_TRY(duplicate,
                 lake_.has_transaction(entry_, *snapshot_, request_.table, *request_.txn));
    }
    if (duplicate) {
        outcome_.version = snapshot_->version;
        outcome_.duplicate = true;
        lake_.duplicates.add();
        return outcome_;
    }
    if (action_.check) TARN_RETURN_IF_ERROR(action_.check(*snapshot_, request_));
    TARN_RETURN_IF_ERROR(write_files());
    TARN_TRY(auto outcome, commit());
    lake_.tell(request_.table);
    lake_.appends.add();
    lake_.rows.add(double(outcome.rows));
    lake_.bytes.add(double(outcome.bytes));
    TARN_RETURN_IF_ERROR(lake_.after_commit(entry_, request_.table, *snapshot_));
    return outcome;
}

}  // namespace tarn::lake
