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

Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> read_delta_files(
    Session& session, const DeltaFiles& files, std::span<const std::string> columns,
    size_t batch_rows) {
    std::vector<std::shared_ptr<const codec::ColumnBatch>> out;
    if (files.files.empty()) return out;
    auto& s = session.impl();
    return guarded([&]() -> Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> {
        GivenFiles given(session, files);
        auto prepared = s.connection.Prepare(select_text(columns));
        if (prepared->HasError()) return fail(to_error(prepared->GetErrorObject()));
        std::vector<std::string> names(columns.begin(), columns.end());
        auto types = prepared->GetTypes();
        BatchBuilder builder(names, types, BatchBuilder::Texts::kCoded);
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

}  // namespace tarn::sql
