// A table as a flow's sink: one Delta commit for an epoch, with a txn of app id
// "<flow>/<generation>" and the epoch as its version.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "parts.h"
#include "tarn/lake/change_rows.h"
#include "tarn/sql/given_rows.h"
#include "tarn/sql/keys.h"
#include "tarn/sql/quote.h"

namespace tarn::errors {
extern const ErrorId kTableConflict;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

constexpr const char *kRowsName = "rows", *kGoneName = "gone", *kComes = "\"tarn comes\"";

bool has_null(const std::vector<BatchPtr>& batches, const std::string& name) {
    for (const auto& batch : batches) {
        const auto& column = batch->columns[size_t(batch->find(name))];
        for (uint32_t row = 0; !column.validity.empty() && row < batch->row_count; ++row)
            if (column.is_null(row)) return true;
    }
    return false;
}

class TableSink final : public Sink, public Readable {
  public:
    TableSink(FlowIdentity flow, SinkSpec spec, RuntimeContext& world)
        : flow_(std::move(flow)),
          spec_(std::move(spec)),
          world_(world),
          before_commit_("flow.commit.table." + spec_.port + ".before"),
          after_commit_("flow.commit.table." + spec_.port + ".after") {}

    Node node() const override { return spec_.node; }

    Status open(bool fresh) override {
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.create.table.before"));
        TARN_RETURN_IF_ERROR(world_.lake.ensure_table(table()));
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.create.table.after"));
        if (!fresh) return {};
        TARN_TRY(auto info, world_.lake.describe(spec_.node.name));
        if (info.files == 0) return {};
        return fail(journal_gone(node(), flow_));
    }

    Result<std::vector<Change>> differences() override {
        std::vector<Change> out;
        TARN_TRY(auto change, world_.lake.schema_change(table()));
        if (!change) return out;
        if (!change->refused.empty())
            out.push_back({Effect::kRebuild,
                           fmt::format("table {} stands otherwise than the flow writes it: {}",
                                       spec_.node.name, change->refused)});
        if (!change->widened.empty())
            out.push_back(
                {Effect::kContinues,
                 fmt::format("column {} of table {} becomes wider: the table's files are written "
                             "anew once, in one commit",
                             fmt::join(change->widened, ", "), spec_.node.name),
                 true});
        if (!change->added.empty())
            out.push_back({Effect::kContinues,
                           fmt::format("table {} gets column {}: null in the rows that stand",
                                       spec_.node.name, fmt::join(change->added, ", "))});
        return out;
    }

    Result<SinkEpoch> epoch() override {
        TARN_TRY(auto version, world_.lake.txn_version(spec_.node.name, flow_.app_id()));
        return SinkEpoch{.epoch = version};
    }

    Status commit(const EpochPlan& plan, const Changes& changes) override {
        TARN_RETURN_IF_ERROR(world_.failpoints.hit(before_commit_));
        const bool merges = spec_.keyed && !(changes.rows.empty() && changes.gone.empty());
        TARN_RETURN_IF_ERROR(merges ? merge(plan, changes) : append(plan, changes));
        return world_.failpoints.hit(after_commit_);
    }

    Readable* readable() override { return this; }
    Result<lake::PartitionRows> read_like(sql::Session& session, const std::vector<BatchPtr>& like,
                                          std::span<const std::string> columns) override {
        return world_.lake.read_partitions(session, spec_.node.name, like, columns);
    }
    Result<lake::PartitionRows> read_keys(sql::Session& session, const std::vector<BatchPtr>& like,
                                          std::span<const int> key,
                                          std::span<const std::string> columns) override {
        auto& lake = world_.lake;
        TARN_TRY(const auto info, lake.describe(spec_.node.name));
        TARN_TRY(const auto table, lake.give(session, spec_.node.name, info.version, columns));
        std::vector<codec::ColumnSpec> keys;
        for (const int column : key)
            keys.push_back(like.front()->schema[size_t(column)]);
        const sql::GivenRows given(session, {"tarn keys", like.front()->schema}, like);
        TARN_TRY(const auto select, sql::rows_of_keys(session, table->text(), keys, given.text()));
        auto rows = session.query_columns(select);
        if (!rows) return fail(std::move(rows).error());
        lake::PartitionRows out{.version = info.version, .rows = {}};
        if (rows->row_count > 0)
            out.rows.push_back(std::make_shared<const codec::ColumnBatch>(std::move(*rows)));
        return out;
    }
    std::string relation() const override {
        return fmt::format("delta_scan({})",
                           sql::quoted_text(world_.lake.path_of(spec_.node.name)));
    }

  private:
    std::map<std::string, std::string> metadata_of(const EpochPlan& plan) const {
        return {{"tarn.flow", flow_.name}, {"tarn.epoch", std::to_string(plan.epoch)}};
    }
    Status append(const EpochPlan& plan, const Changes& changes) {
        lake::AppendRequest request{
            .table = spec_.node.name,
            .batches = changes.rows,
            .txn = lake::Txn{flow_.app_id(), plan.epoch},
            .more_txns = {},
            .time = plan.batch_time,
            .user_metadata = metadata_of(plan),
            .file_stem = fmt::format("{}-{}-{}", flow_.name, flow_.generation, plan.epoch),
            .replace_at = changes.replace_at};
        if (spec_.transaction_of_parts) {
            for (const auto& range : plan.ranges)
                request.more_txns.push_back(
                    {fmt::format("{}/{}", flow_.app_id(), range.partition), range.to.at});
        }
        TARN_RETURN_IF_ERROR(world_.lake.append(std::move(request)));
        return {};
    }

    // By the key, in one commit.
    Status merge(const EpochPlan& plan, const Changes& changes) {
        lake::MergeRequest request;
        request.table = spec_.node.name;
        request.engine = &world_.engine;
        request.txn = lake::Txn{flow_.app_id(), plan.epoch};
        request.user_metadata = metadata_of(plan);
        request.at_version = changes.replace_at;
        for (const auto& [name, batches] :
             {std::pair<std::string, const std::vector<BatchPtr>&>{kRowsName, changes.rows},
              {kGoneName, changes.gone}}) {
            if (batches.empty()) continue;
            request.given.push_back({{name, batches[0]->schema}, batches});
            request.source += fmt::format("{}SELECT *, {} AS {} FROM stream('{}')",
                                          request.source.empty() ? "" : " UNION ALL BY NAME ",
                                          name == kRowsName, kComes, name);
        }
        for (const int column : spec_.key) {
            const auto& name = spec_.columns[size_t(column)].name;
            const bool nulls = has_null(changes.rows, name) || has_null(changes.gone, name);
            request.on += fmt::format("{}t.{} {} s.{}", request.on.empty() ? "" : " AND ",
                                      sql::quoted_name(name), nulls ? "IS NOT DISTINCT FROM" : "=",
                                      sql::quoted_name(name));
        }
        if (request.on.empty()) request.on = "true";
        request.clauses = clauses(!changes.rows.empty());
        auto merged = world_.lake.merge(request);
        // Others were faster again and again: the epoch is tried anew.
        if (!merged && merged.error().id() == errors::kTableConflict)
            return fail(ErrorCode::kUnavailable, merged.error().message());
        if (!merged) return fail(std::move(merged).error());
        return {};
    }
    std::vector<lake::MergeClause> clauses(bool comes) const {
        lake::MergeClause gone{.when = lake::MergeWhen::kMatched,
                               .then = lake::MergeThen::kDelete,
                               .condition = fmt::format("NOT s.{}", kComes),
                               .set = {}};
        if (!comes) return {gone};
        std::vector<lake::SetColumn> set;
        for (const auto& column : spec_.columns)
            set.push_back({column.name, "s." + sql::quoted_name(column.name)});
        lake::MergeClause update{.when = lake::MergeWhen::kMatched,
                                 .then = lake::MergeThen::kUpdate,
                                 .condition = is_newer(),
                                 .set = set};
        lake::MergeClause insert{.when = lake::MergeWhen::kNotMatched,
                                 .then = lake::MergeThen::kInsert,
                                 .condition = fmt::format("s.{}", kComes),
                                 .set = std::move(set)};
        return {std::move(gone), std::move(update), std::move(insert)};
    }
    std::string is_newer() const {
        if (!spec_.version) return {};
        const auto name = sql::quoted_name(spec_.columns[size_t(*spec_.version)].name);
        return fmt::format("t.{0} IS NULL OR s.{0} > t.{0}", name);
    }
    lake::TableSpec table() const {
        return {.name = spec_.node.name,
                .columns = spec_.columns,
                .partition_by = spec_.partition_by,
                .properties = {},
                .description = spec_.description};
    }

    const FlowIdentity flow_;
    const SinkSpec spec_;
    RuntimeContext& world_;
    const std::string before_commit_, after_commit_;
};

}  // namespace

SinkKind table_sink() {
    return {kTableKind,
            [](const FlowIdentity& flow, const SinkSpec& spec,
               PartContext& context) -> Result<std::unique_ptr<Sink>> {
                return std::make_unique<TableSink>(flow, spec, context.world);
            }};
}

}  // namespace tarn::flow
