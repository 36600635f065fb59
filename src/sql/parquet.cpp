#include "tarn/sql/parquet.h"

#include <limits>
#include <unordered_map>

#include "duck.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {

using Batches = std::span<const std::shared_ptr<const codec::ColumnBatch>>;

namespace {

// Beyond this many entries a dictionary saves nothing and costs a lookup each: plain text then.
constexpr size_t kMaxEnumValues = 1 << 16;
// A plain column with more values in a row group is not worth the hashing of each.
constexpr size_t kMaxPlainValues = 4096;

// A text column's dictionaries of all batches as one: entries in the order in which they first
// come.
struct MergedDictionary {
    std::vector<std::string_view> values;
    std::vector<std::vector<uint32_t>> positions;  // by batch: its code → index in values
};

// Nothing if some batch holds the column plain, or there are too few or too many values.
std::optional<MergedDictionary> merge_dictionaries(Batches batches, int column) {
    MergedDictionary merged;
    std::unordered_map<std::string_view, uint32_t> known;
    for (auto& batch : batches) {
        auto& c = batch->columns[size_t(column)];
        auto& positions = merged.positions.emplace_back();
        if (batch->row_count == 0) continue;
        if (!c.dictionary || c.type != codec::ColumnType::kText) return std::nullopt;
        positions.reserve(c.dictionary_size());
        for (size_t i = 0; i < c.dictionary_size(); ++i) {
            auto text = c.values<codec::TextRef>()[i].view();
            auto [it, fresh] = known.try_emplace(text, uint32_t(merged.values.size()));
            if (fresh) merged.values.push_back(text);
            positions.push_back(it->second);
        }
        if (merged.values.size() > kMaxEnumValues) return std::nullopt;
    }
    if (merged.values.empty()) return std::nullopt;
    return merged;
}

duckdb::LogicalType enum_type(const MergedDictionary& merged) {
    duckdb::Vector values(duckdb::LogicalType::VARCHAR, merged.values.size());
    auto* to = duckdb::FlatVector::GetData<duckdb::string_t>(values);
    for (size_t i = 0; i < merged.values.size(); ++i)
        to[i] = duckdb::StringVector::AddString(values, merged.values[i].data(),
                                                merged.values[i].size());
    return duckdb::LogicalType::ENUM(values, merged.values.size());
}

std::shared_ptr<Feed> file_feed(Batches batches, std::span<const int> columns) {
    auto feed = std::make_shared<Feed>();
    feed->ordered = true;
    std::vector<std::map<int, AdoptedBatch::EnumColumn>> enums(batches.size());
    for (auto column : columns) {
        auto& spec = batches[0]->schema[size_t(column)];
        auto type = to_logical(spec.type);
        auto merged = spec.type == codec::ColumnType::kText ? merge_dictionaries(batches, column)
                                                            : std::nullopt;
        if (merged) {
            type = enum_type(*merged);
            for (size_t b = 0; b < batches.size(); ++b)
                if (batches[b]->row_count)
                    enums[b][column] = {type, std::move(merged->positions[b])};
        }
        feed->names.push_back(spec.name);
        feed->types.push_back(type);
        feed->source.push_back(column);
    }
    for (size_t b = 0; b < batches.size(); ++b)
        if (batches[b]->row_count)
            feed->batches.push_back(
                std::make_shared<AdoptedBatch>(batches[b], std::move(enums[b])));
    return feed;
}

Status check_input(Batches batches, std::span<const int> columns) {
    if (batches.empty())
        return fail(ErrorCode::kInvalidArgument, "write_parquet: no batch, so no schema");
    if (columns.empty()) return fail(ErrorCode::kInvalidArgument, "write_parquet: no columns");
    for (auto column : columns)
        if (column < 0 || size_t(column) >= batches[0]->schema.size())
            return fail(ErrorCode::kInvalidArgument,
                        "write_parquet: no column of index " + std::to_string(column));
    for (auto& batch : batches)
        if (batch->schema != batches[0]->schema)
            return fail(ErrorCode::kInvalidArgument,
                        "write_parquet: the batches differ in their schemas");
    return {};
}

}  // namespace

Result<ParquetFile> write_parquet(Session& session, const std::string& path, Batches batches,
                                  std::span<const int> columns, const ParquetOptions& options) {
    return guarded([&]() -> Result<ParquetFile> {
        TARN_RETURN_IF_ERROR(check_input(batches, columns));
        auto& impl = session.impl();
        auto feed = file_feed(batches, columns);
        ParquetFile file;
        for (auto& batch : batches)
            file.rows += batch->row_count;
        impl.state->rows.clear();
        auto id = impl.state->add(std::move(feed));
        auto result = impl.connection.Query(
            "COPY (SELECT " + (options.stored.list.empty() ? "*" : options.stored.list) + " FROM " +
            std::string(kRowsFunction) + "('" + id + "') q) TO " + quoted_text(kScheme + path) +
            " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL " +
            std::to_string(options.zstd_level) + ", ROW_GROUP_SIZE " +
            std::to_string(options.row_group_rows) + ", DICTIONARY_SIZE_LIMIT " +
            std::to_string(kMaxPlainValues) + ", WRITE_BLOOM_FILTER false, USE_TMP_FILE false" +
            (options.stored.field_ids.empty() ? "" : ", FIELD_IDS " + options.stored.field_ids) +
            ")");
        impl.state->rows.clear();
        if (result->HasError()) {
            // What stands there is no Parquet file and nobody knows its name yet; if it cannot be
            // removed, VACUUM will.
            (void)impl.engine.fs.remove(path);
            return fail(to_error(result->GetErrorObject()).with_context("cannot write " + path));
        }
        TARN_TRY(auto info, impl.engine.fs.stat(path));
        file.bytes = info.size;
        return file;
    });
}

}  // namespace tarn::sql
