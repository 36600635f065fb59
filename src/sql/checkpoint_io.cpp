#include "checkpoint_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include "duck.h"
#include "tarn/sql/checkpoint_io.h"
#include "tarn/sql/quote.h"
#include "trust.h"

namespace tarn::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

// The first ones are those of classic checkpoints.
constexpr const char* kActions[] = {
    "txn",    "add", "remove", "metaData", "protocol", "domainMetadata", "checkpointMetadata",
    "sidecar"};
constexpr const char* kFiles[] = {"add", "remove"};
constexpr const char* kSidecars[] = {"sidecar"};

std::span<const char* const> actions_of(delta::CheckpointColumns columns) {
    constexpr size_t kClassic = 6;
    switch (columns) {
        case delta::CheckpointColumns::kClassic:
            return std::span(kActions).first(kClassic);
        case delta::CheckpointColumns::kTop:
            return kActions;
        case delta::CheckpointColumns::kFiles:
            return kFiles;
        case delta::CheckpointColumns::kSidecars:
            return kSidecars;
    }
    return {};
}

// The checkpoint schema (PROTOCOL.md "Checkpoint Schema") as DuckDB's from_json takes it: every
// column a nullable struct.
constexpr const char* kStructure = R"json({
"txn":{"appId":"VARCHAR","version":"BIGINT","lastUpdated":"BIGINT"},
"add":{"path":"VARCHAR","partitionValues":"MAP(VARCHAR, VARCHAR)","size":"BIGINT","modificationTime":"BIGINT",
 "dataChange":"BOOLEAN","stats":"VARCHAR","tags":"MAP(VARCHAR, VARCHAR)",
 "deletionVector":{"storageType":"VARCHAR","pathOrInlineDv":"VARCHAR","offset":"INTEGER","sizeInBytes":"INTEGER",
  "cardinality":"BIGINT"},
 "baseRowId":"BIGINT","defaultRowCommitVersion":"BIGINT","clusteringProvider":"VARCHAR"},
"remove":{"path":"VARCHAR","deletionTimestamp":"BIGINT","dataChange":"BOOLEAN","extendedFileMetadata":"BOOLEAN",
 "partitionValues":"MAP(VARCHAR, VARCHAR)","size":"BIGINT",
 "deletionVector":{"storageType":"VARCHAR","pathOrInlineDv":"VARCHAR","offset":"INTEGER","sizeInBytes":"INTEGER",
  "cardinality":"BIGINT"},
 "baseRowId":"BIGINT","defaultRowCommitVersion":"BIGINT"},
"metaData":{"id":"VARCHAR","name":"VARCHAR","description":"VARCHAR",
 "format":{"provider":"VARCHAR","options":"MAP(VARCHAR, VARCHAR)"},"schemaString":"VARCHAR",
 "partitionColumns":["VARCHAR"],"configuration":"MAP(VARCHAR, VARCHAR)","createdTime":"BIGINT"},
"protocol":{"minReaderVersion":"INTEGER","minWriterVersion":"INTEGER","readerFeatures":["VARCHAR"],
 "writerFeatures":["VARCHAR"]},
"domainMetadata":{"domain":"VARCHAR","configuration":"VARCHAR","removed":"BOOLEAN"},
"checkpointMetadata":{"version":"BIGINT","tags":"MAP(VARCHAR, VARCHAR)"},
"sidecar":{"path":"VARCHAR","sizeInBytes":"BIGINT","modificationTime":"BIGINT",
 "tags":"MAP(VARCHAR, VARCHAR)"}})json";

// A struct packed again without the typed copies of partition values and statistics, which no
// reader of ours needs; statistics that are there only as a struct come as stats_parsed.
std::string packed(const std::string& column, const LogicalType& type) {
    auto name = quoted_name(column);
    bool text = false, parsed = false;
    std::string fields;
    for (auto& [field, child] : duckdb::StructType::GetChildTypes(type)) {
        text |= field == "stats";
        parsed |= field == "stats_parsed";
        if (field == "stats_parsed" || field == "partitionValues_parsed") continue;
        auto id = quoted_name(field);
        fields += fmt::format("{}{} := {}.{}", fields.empty() ? "" : ", ", id, name, id);
    }
    if (parsed) {
        auto value = fmt::format("{}.stats_parsed", name);
        if (text) value = fmt::format("CASE WHEN {}.stats IS NULL THEN {} END", name, value);
        fields += fmt::format("{}stats_parsed := {}", fields.empty() ? "" : ", ", value);
    }
    return fmt::format("struct_pack({})", fields);
}

class DuckCheckpointIo final : public delta::CheckpointIo {
  public:
    DuckCheckpointIo(duckdb::DatabaseInstance& db, io::FileSystem& fs) : db_(db), fs_(fs) {}

    Status read(const std::string& path, delta::CheckpointColumns columns,
                const std::function<Status(std::string_view)>& each) override try {
        duckdb::Connection con(db_);
        trust_connection(con);
        auto from = fmt::format("FROM read_parquet({}, hive_partitioning=false)",
                                quoted_text(kScheme + path));
        auto probe = con.Prepare("SELECT * " + from);
        if (probe->HasError()) return bad(path, probe->GetError());
        const auto wanted = actions_of(columns);
        std::string cases;
        for (size_t i = 0; i < probe->GetNames().size(); ++i) {
            auto& name = probe->GetNames()[i];
            auto& type = probe->GetTypes()[i];
            if (type.id() != LogicalTypeId::STRUCT) continue;
            if (std::ranges::find(wanted, name) == wanted.end()) continue;
            auto value = name == "add" ? packed(name, type) : quoted_name(name);
            cases += fmt::format(" WHEN {} IS NOT NULL THEN '{{\"{}\":' || to_json({}) || '}}'",
                                 quoted_name(name), name, value);
        }
        if (cases.empty() && columns == delta::CheckpointColumns::kSidecars) return {};
        if (cases.empty()) return bad(path, "no column of a checkpoint");
        auto result = con.SendQuery(fmt::format("SELECT CASE{} END AS line {}", cases, from));
        if (result->HasError()) return bad(path, result->GetError());
        std::string lines;
        for (;;) {
            auto chunk = result->Fetch();
            if (result->HasError()) return bad(path, result->GetError());
            if (!chunk || chunk->size() == 0) return {};
            lines.clear();
            chunk->Flatten();
            auto texts = duckdb::FlatVector::GetData<duckdb::string_t>(chunk->data[0]);
            auto& valid = duckdb::FlatVector::Validity(chunk->data[0]);
            for (size_t row = 0; row < chunk->size(); ++row) {
                if (!valid.RowIsValid(row)) continue;
                lines.append(texts[row].GetData(), texts[row].GetSize());
                lines += '\n';
            }
            if (auto status = each(lines); !status) return status;
        }
    } catch (const std::exception& e) {
        auto error = to_error(e);
        if (error.code() == ErrorCode::kResourceExhausted)
            return fail(error.with_context("cannot read checkpoint " + path));
        return bad(path, e.what());
    }

    Result<uint64_t> write(const std::string& path, delta::CheckpointColumns of,
                           std::string_view lines) override try {
        duckdb::Connection con(db_);
        trust_connection(con);
        auto run = [&](const std::string& sql) {
            auto result = con.Query(sql);
            if (result->HasError()) result->ThrowError();
        };
        run("CREATE TEMP TABLE checkpoint_lines(line VARCHAR)");
        {
            duckdb::Appender appender(con, "temp", "main", "checkpoint_lines");
            while (!lines.empty()) {
                auto end = lines.find('\n');
                auto line = lines.substr(0, end);
                lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
                appender.BeginRow();
                appender.Append(duckdb::string_t(line.data(), uint32_t(line.size())));
                appender.EndRow();
            }
            appender.Close();
        }
        std::string columns;
        for (const auto* name : actions_of(of))
            columns += fmt::format("{}a.{} AS {}", columns.empty() ? "" : ", ", quoted_name(name),
                                   quoted_name(name));
        run(
            fmt::format("COPY (SELECT {} FROM (SELECT from_json(line, {}) AS a FROM "
                        "temp.checkpoint_lines)) TO {} "
                        "(FORMAT parquet, COMPRESSION snappy, USE_TMP_FILE false)",
                        columns, quoted_text(kStructure), quoted_text(kScheme + path)));
        TARN_TRY(auto file, fs_.open(path, {io::OpenMode::kReadWrite}));
        TARN_RETURN_IF_ERROR(file->sync());
        return file->size();
    } catch (const std::exception& e) {
        auto error = to_error(e);
        if (error.code() == ErrorCode::kResourceExhausted)
            return fail(error.with_context("cannot write checkpoint " + path));
        return fail(ErrorCode::kIo, fmt::format("cannot write checkpoint {}: {}", path, e.what()));
    }

  private:
    static Status bad(const std::string& path, const std::string& why) {
        return fail(ErrorCode::kCorrupted, fmt::format("cannot read checkpoint {}: {}", path, why));
    }
    duckdb::DatabaseInstance& db_;
    io::FileSystem& fs_;
};

}  // namespace

std::unique_ptr<delta::CheckpointIo> duck_checkpoint_io(duckdb::DatabaseInstance& db,
                                                        io::FileSystem& fs) {
    return std::make_unique<DuckCheckpointIo>(db, fs);
}

std::unique_ptr<delta::CheckpointIo> make_checkpoint_io(Engine& engine, io::FileSystem& fs) {
    return duck_checkpoint_io(engine.impl().instance(), fs);
}

}  // namespace tarn::sql
