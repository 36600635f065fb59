#include "tarn/sql/delta_files.h"

#include "duck.h"
#include "result_collector.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {

namespace {

std::string scan_text() {
    return std::string(kDeltaScanFunction) + "(" + quoted_text(kGivenFiles) + ")";
}

std::string select_text(std::span<const std::string> columns) {
    std::string list;
    for (auto& column : columns)
        list += (list.empty() ? "" : ", ") + quoted_name(column);
    return "SELECT " + list + " FROM " + scan_text();
}

}  // namespace

GivenFiles::GivenFiles(Session& session, const DeltaFiles& files) : session_(session) {
    session_.impl().state->files = std::make_shared<const DeltaFiles>(files);
}

GivenFiles::~GivenFiles() { session_.impl().state->files.reset(); }

std::string GivenFiles::text() const { return scan_text(); }

void hold_tables(Session& session, std::shared_ptr<const delta::Snapshot> table) {
    auto& state = *session.impl().state;
    state.holds = true;
    if (!table) return;
    const auto root = table->root;
    state.seen[root] = {nullptr, std::move(table), true};
}

bool reads_otherwise(Session& session, const std::string& table_id) {
    return session.impl().state->tables_read.contains(table_id);
}

Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> read_given_files(
    Session& session, const std::string& select, size_t batch_rows) {
    auto& s = session.impl();
    return guarded([&]() -> Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> {
        std::vector<std::shared_ptr<const codec::ColumnBatch>> out;
        auto prepared = s.connection.Prepare(select);
        if (prepared->HasError()) return fail(to_error(prepared->GetErrorObject()));
        auto& names = prepared->GetNames();
        auto types = prepared->GetTypes();
        BatchBuilder builder({names.begin(), names.end()}, types, BatchBuilder::Texts::kCoded);
        auto close = [&] {
            if (builder.rows() > 0)
                out.push_back(std::make_shared<const codec::ColumnBatch>(builder.finish()));
        };
        ChunkCollector::Each each = [&](duckdb::DataChunk& chunk) {
            if (builder.rows() + chunk.size() > batch_rows) close();
            builder.append(s.context(), chunk);
        };
        ChunkCollector::Installed installed(s.context(), each);
        duckdb::vector<duckdb::Value> none;
        auto result = prepared->Execute(none, false);
        if (result->HasError()) return fail(to_error(result->GetErrorObject()));
        close();
        return out;
    });
}

Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> read_delta_files(
    Session& session, const DeltaFiles& files, std::span<const std::string> columns,
    size_t batch_rows) {
    if (files.files.empty()) return std::vector<std::shared_ptr<const codec::ColumnBatch>>();
    const GivenFiles given(session, files);
    return read_given_files(session, select_text(columns), batch_rows);
}

}  // namespace tarn::sql
