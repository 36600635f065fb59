// table_history('a.b') and table_detail('a.b'): what Delta's own SQL calls DESCRIBE HISTORY and
// DESCRIBE DETAIL, with its names of columns.

#include "tarn/delta/clustering.h"
#include "tarn/delta/history.h"

#include "duckdb/main/extension/extension_loader.hpp"

#include "delta_tables.h"
#include "duck.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {
namespace {

using duckdb::LogicalType;
using duckdb::Value;
using Texts = std::vector<std::pair<std::string, std::string>>;
using Row = duckdb::vector<Value>;

// Rows that binding made.
struct Made final : duckdb::TableFunctionData {
    std::vector<Row> rows;
};
struct Given final : duckdb::GlobalTableFunctionState {
    size_t next = 0;
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin(duckdb::ClientContext&,
                                                           duckdb::TableFunctionInitInput&) {
    return duckdb::make_uniq<Given>();
}

void give(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
    const auto& rows = input.bind_data->Cast<Made>().rows;
    auto& next = input.global_state->Cast<Given>().next;
    duckdb::idx_t count = 0;
    for (; next < rows.size() && count < STANDARD_VECTOR_SIZE; ++next, ++count)
        for (size_t i = 0; i < rows[next].size(); ++i)
            out.SetValue(i, count, rows[next][i]);
    out.SetCardinality(count);
}

Value text_or_null(const std::string& text) {
    return text.empty() ? Value(LogicalType::VARCHAR) : Value(text);
}
Value map_of(const Texts& texts) {
    duckdb::vector<Value> keys, values;
    for (const auto& [key, value] : texts) {
        keys.emplace_back(key);
        values.emplace_back(value);
    }
    return Value::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR, std::move(keys),
                      std::move(values));
}
Value list_of(const std::vector<std::string>& texts) {
    duckdb::vector<Value> values(texts.begin(), texts.end());
    return Value::LIST(LogicalType::VARCHAR, std::move(values));
}
Value time_of(int64_t ms) {
    return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(Timestamp::from_ms(ms).us));
}

// The table that is named, and its newest version.
struct Named {
    std::shared_ptr<delta::Table> table;
    std::shared_ptr<const delta::Snapshot> newest;

    Named(const NamedTables& tables, const Value& name)
        : table(tables.open(folder(tables, name))), newest(read(*table)) {}

  private:
    static std::string folder(const NamedTables& tables, const Value& name) {
        if (name.IsNull()) throw duckdb::BinderException("the name of a table is not NULL");
        return table_folder(tables.engine, name.ToString());
    }
    static std::shared_ptr<const delta::Snapshot> read(delta::Table& table) {
        auto out = table.refresh();
        if (!out) throw_error(out.error());
        return std::move(*out);
    }
};

void name_columns(std::initializer_list<std::pair<const char*, LogicalType>> columns,
                  duckdb::vector<LogicalType>& types, duckdb::vector<std::string>& names) {
    for (const auto& [name, type] : columns) {
        names.emplace_back(name);
        types.push_back(type);
    }
}

const LogicalType kTexts = LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR);

duckdb::unique_ptr<duckdb::FunctionData> bind_history(duckdb::ClientContext&,
                                                      duckdb::TableFunctionBindInput& input,
                                                      duckdb::vector<LogicalType>& types,
                                                      duckdb::vector<std::string>& names) {
    name_columns({{"version", LogicalType::BIGINT},
                  {"timestamp", LogicalType::TIMESTAMP_TZ},
                  {"operation", LogicalType::VARCHAR},
                  {"operationParameters", kTexts},
                  {"operationMetrics", kTexts},
                  {"readVersion", LogicalType::BIGINT},
                  {"isolationLevel", LogicalType::VARCHAR},
                  {"isBlindAppend", LogicalType::BOOLEAN},
                  {"userMetadata", LogicalType::VARCHAR},
                  {"engineInfo", LogicalType::VARCHAR},
                  {"txnAppId", LogicalType::VARCHAR},
                  {"txnVersion", LogicalType::BIGINT}},
                 types, names);
    const auto& tables = input.info->Cast<NamedTables>();
    const Named named(tables, input.inputs[0]);
    auto made = duckdb::make_uniq<Made>();
    auto each = [&](delta::VersionInfo&& one, std::vector<delta::Action>&&) -> Status {
        const auto& info = one.info;
        const auto* txn = one.transactions.empty() ? nullptr : &one.transactions.front();
        made->rows.push_back(
            {Value::BIGINT(one.version), time_of(one.time_ms), text_or_null(info.operation),
             map_of(info.parameters), map_of(info.metrics),
             info.read_version ? Value::BIGINT(*info.read_version) : Value(LogicalType::BIGINT),
             text_or_null(info.isolation),
             info.blind_append ? Value::BOOLEAN(*info.blind_append) : Value(LogicalType::BOOLEAN),
             text_or_null(info.user_metadata), text_or_null(info.engine),
             txn ? Value(txn->app_id) : Value(LogicalType::VARCHAR),
             txn ? Value::BIGINT(txn->version) : Value(LogicalType::BIGINT)});
        return {};
    };
    auto read =
        delta::read_history(tables.engine.fs, *named.table, named.newest->version, INT64_MAX, each);
    if (!read) throw_error(read.error());
    return made;
}

duckdb::unique_ptr<duckdb::FunctionData> bind_detail(duckdb::ClientContext&,
                                                     duckdb::TableFunctionBindInput& input,
                                                     duckdb::vector<LogicalType>& types,
                                                     duckdb::vector<std::string>& names) {
    const auto list = LogicalType::LIST(LogicalType::VARCHAR);
    name_columns({{"format", LogicalType::VARCHAR},
                  {"id", LogicalType::VARCHAR},
                  {"name", LogicalType::VARCHAR},
                  {"description", LogicalType::VARCHAR},
                  {"location", LogicalType::VARCHAR},
                  {"createdAt", LogicalType::TIMESTAMP_TZ},
                  {"lastModified", LogicalType::TIMESTAMP_TZ},
                  {"partitionColumns", list},
                  {"clusteringColumns", list},
                  {"numFiles", LogicalType::BIGINT},
                  {"sizeInBytes", LogicalType::BIGINT},
                  {"numRows", LogicalType::BIGINT},
                  {"properties", kTexts},
                  {"minReaderVersion", LogicalType::INTEGER},
                  {"minWriterVersion", LogicalType::INTEGER},
                  {"tableFeatures", list}},
                 types, names);
    const auto& tables = input.info->Cast<NamedTables>();
    const Named named(tables, input.inputs[0]);
    const auto& table = *named.newest;
    const auto& metadata = *table.metadata;
    Texts properties;
    for (const auto& [key, value] : metadata.configuration)
        properties.emplace_back(key, value.value_or(""));
    auto features = table.protocol.writer_features.value_or(std::vector<std::string>());
    auto modified = Value(LogicalType::TIMESTAMP_TZ);
    auto newest = delta::read_history(tables.engine.fs, *named.table, table.version, 1,
                                      [&](delta::VersionInfo&& one, auto&&) -> Status {
                                          modified = time_of(one.time_ms);
                                          return {};
                                      });
    if (!newest) throw_error(newest.error());
    std::vector<std::string> clustering;
    for (const auto& column : delta::clustering_columns(table))
        clustering.push_back(delta::dotted(column));
    auto made = duckdb::make_uniq<Made>();
    made->rows.push_back(
        {Value(metadata.format_provider), Value(metadata.id),
         text_or_null(metadata.name.value_or("")), text_or_null(metadata.description.value_or("")),
         Value(table.root),
         metadata.created_ms ? time_of(*metadata.created_ms) : Value(LogicalType::TIMESTAMP_TZ),
         modified, list_of(metadata.partition_columns), list_of(clustering),
         Value::BIGINT(int64_t(table.files.size())), Value::BIGINT(int64_t(table.bytes)),
         table.uncounted > 0 ? Value(LogicalType::BIGINT) : Value::BIGINT(table.rows),
         map_of(properties), Value::INTEGER(table.protocol.min_reader),
         Value::INTEGER(table.protocol.min_writer), list_of(features)});
    return made;
}

template <auto bind>
Status add(Engine& engine, const char* name) {
    duckdb::TableFunction function(name, {LogicalType::VARCHAR}, give, bind, begin);
    function.function_info = duckdb::make_shared_ptr<NamedTables>(engine.impl());
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn").RegisterFunction(std::move(function));
    return {};
}

}  // namespace

SqlFunction table_history_function() {
    return {.name = "table_history",
            .signature = "table_history(table VARCHAR)",
            .text =
                "The versions of a table, the newest first: what was done, with its parameters "
                "and metrics. `DESCRIBE HISTORY a.b` is the same.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll,
            .add = [](Engine& engine) { return add<bind_history>(engine, "table_history"); }};
}

SqlFunction table_detail_function() {
    return {.name = "table_detail",
            .signature = "table_detail(table VARCHAR)",
            .text =
                "A table's protocol, properties, place and size, in a row. `DESCRIBE DETAIL "
                "a.b` is the same.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll,
            .add = [](Engine& engine) { return add<bind_detail>(engine, "table_detail"); }};
}

}  // namespace tarn::sql
