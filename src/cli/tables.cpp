#include "tables.h"

#include <algorithm>

#include <fmt/format.h>

namespace tarn::cli {
namespace {

using codec::ColumnBuilder;
using codec::ColumnType;

// Builds a RowsRef row by row; add() calls follow the schema's order.
class Rows {
  public:
    explicit Rows(std::vector<codec::ColumnSpec> schema) : schema_(std::move(schema)) {
        for (auto& c : schema_)
            builders_.emplace_back(c.type);
    }
    Rows& text(std::string_view v) {
        next().add_text(v);
        return *this;
    }
    Rows& number(int64_t v) {
        next().add_int(v);
        return *this;
    }
    Rows& time(std::optional<Timestamp> t) {
        if (t)
            next().add_int(t->us);
        else
            next().add_null();
        return *this;
    }
    sql::TableRef finish() {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = schema_;
        batch->row_count = values_ / std::max<size_t>(1, schema_.size());
        for (auto& b : builders_)
            batch->columns.push_back(b.finish(*batch));
        return sql::RowsRef{schema_, {std::move(batch)}};
    }

  private:
    ColumnBuilder& next() { return builders_[values_++ % builders_.size()]; }
    std::vector<codec::ColumnSpec> schema_;
    std::vector<ColumnBuilder> builders_;
    size_t values_ = 0;
};

sql::TableRef runs_table(const flow::Runtime& flows) {
    Rows rows({{"flow", ColumnType::kText},
               {"epoch", ColumnType::kInt64},
               {"started", ColumnType::kTimestamp},
               {"elapsed_us", ColumnType::kInt64},
               {"cpu_us", ColumnType::kInt64},
               {"rows_in", ColumnType::kInt64},
               {"rows_out", ColumnType::kInt64},
               {"bytes_in", ColumnType::kInt64},
               {"outcome", ColumnType::kText}});
    for (auto& r : flows.runs(100'000))
        rows.text(r.flow)
            .number(r.epoch)
            .time(r.started)
            .number(r.elapsed.us)
            .number(r.cpu.us)
            .number(r.rows_in)
            .number(r.rows_out)
            .number(r.bytes_in)
            .text(r.outcome);
    return rows.finish();
}

sql::TableRef flows_table(const flow::Runtime& flows) {
    Rows rows({{"name", ColumnType::kText},
               {"kind", ColumnType::kText},
               {"source", ColumnType::kText},
               {"state", ColumnType::kText},
               {"reason", ColumnType::kText},
               {"epoch", ColumnType::kInt64},
               {"lag", ColumnType::kInt64},
               {"rows_in", ColumnType::kInt64},
               {"late", ColumnType::kInt64},
               {"quarantined", ColumnType::kInt64},
               {"watermark", ColumnType::kTimestamp},
               {"last_commit", ColumnType::kTimestamp}});
    for (auto& f : flows.list())
        rows.text(f.name)
            .text(f.kind)
            .text(f.source.name)
            .text(to_string(f.state))
            .text(f.reason)
            .number(f.epoch)
            .number(f.lag())
            .number(f.rows_in)
            .number(f.late)
            .number(f.quarantined)
            .time(f.watermark)
            .time(f.last_commit);
    return rows.finish();
}

sql::TableRef topics_table(const log::Log& log) {
    Rows rows({{"name", ColumnType::kText},
               {"id", ColumnType::kText},
               {"partition", ColumnType::kInt32},
               {"log_start_offset", ColumnType::kInt64},
               {"high_watermark", ColumnType::kInt64},
               {"bytes", ColumnType::kInt64}});
    for (auto& t : log.topics())
        for (int32_t p = 0; p < t.config.partitions; ++p)
            if (auto o = log.offsets({t.id, p}))
                rows.text(t.name)
                    .text(t.id.str())
                    .number(p)
                    .number(o->log_start_offset)
                    .number(o->high_watermark)
                    .number(o->bytes);
    return rows.finish();
}

}  // namespace

std::optional<sql::TableRef> Tables::system_table(std::string_view table) const {
    if (table == "runs" && flows_) return runs_table(*flows_);
    if (table == "flows" && flows_) return flows_table(*flows_);
    if (table == "topics" && log_) return topics_table(*log_);
    return std::nullopt;
}

Result<std::optional<sql::TableRef>> Tables::resolve(std::string_view schema,
                                                     std::string_view table) {
    if (schema == "system") return system_table(table);
    if (views_)
        if (auto view = views_->find(fmt::format("{}.{}", schema, table))) {
            TARN_TRY(auto rows, view->scan({}));
            return sql::RowsRef{view->spec().columns, {std::move(rows)}};
        }
    auto path = fmt::format("{}/{}/{}", lake_root_, schema, table);
    if (schema.find('/') == schema.npos && table.find('/') == table.npos &&
        fs_.exists(path + "/_delta_log"))
        return sql::DeltaTableRef{path, -1};
    return std::nullopt;
}

std::vector<std::string> Tables::names() {
    std::vector<std::string> out;
    if (views_) out = views_->names();
    if (flows_) out.insert(out.end(), {"system.flows", "system.runs", "system.topics"});
    if (auto schemas = fs_.list(lake_root_))
        for (auto& schema : *schemas)
            if (auto tables = fs_.list(lake_root_ + "/" + schema.name))
                for (auto& table : *tables)
                    if (fs_.exists(fmt::format("{}/{}/{}/_delta_log", lake_root_, schema.name,
                                               table.name)))
                        out.push_back(schema.name + "." + table.name);
    std::ranges::sort(out);
    return out;
}

}  // namespace tarn::cli
