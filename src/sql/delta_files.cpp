#include "tarn/sql/delta_files.h"

#include "duck.h"
#include "result_collector.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {

namespace {

// Behind delta_scan(kGivenFiles) as long as it lives.
class Given {
  public:
    Given(SessionState& state, const DeltaFiles& files) : state_(state) {
        state_.files = std::make_shared<const DeltaFiles>(files);
    }
    ~Given() { state_.files.reset(); }
    Given(const Given&) = delete;
    Given& operator=(const Given&) = delete;

  private:
    SessionState& state_;
};

std::string select_text(std::span<const std::string> columns) {
    std::string list;
    for (auto& column : columns)
        list += (list.empty() ? "" : ", ") + quoted_name(column);
    return "SELECT " + list + " FROM " + kDeltaScanFunction + "(" + quoted_text(kGivenFiles) + ")";
}

}  // namespace

Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> read_delta_files(
    Session& session, const DeltaFiles& files, std::span<const std::string> columns,
    size_t batch_rows) {
    std::vector<std::shared_ptr<const codec::ColumnBatch>> out;
    if (files.files.empty()) return out;
    auto& s = session.impl();
    return guarded([&]() -> Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> {
        Given given(*s.state, files);
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
