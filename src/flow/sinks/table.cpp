// A table as a flow's sink: one Delta commit for an epoch, with a txn of app id
// "<flow>/<generation>" and the epoch as its version.

#include <fmt/format.h>

#include "sinks/sink.h"
#include "tarn/sql/quote.h"

namespace tarn::flow {
namespace {

class TableSink final : public Sink, public Readable {
  public:
    TableSink(FlowIdentity flow, TableSinkOptions options, RuntimeContext& world)
        : flow_(std::move(flow)),
          options_(std::move(options)),
          world_(world),
          before_commit_("flow.commit.table." + options_.port + ".before"),
          after_commit_("flow.commit.table." + options_.port + ".after") {}

    Node node() const override { return table_node(options_.table); }

    Status open(bool fresh) override {
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.create.table.before"));
        TARN_RETURN_IF_ERROR(world_.lake.ensure_table({.name = options_.table,
                                                       .columns = options_.columns,
                                                       .partition_by = options_.partition_by,
                                                       .properties = {},
                                                       .description = options_.description}));
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.create.table.after"));
        if (!fresh) return {};
        TARN_TRY(auto info, world_.lake.describe(options_.table));
        if (info.files == 0) return {};
        return fail(journal_gone(node(), flow_));
    }

    Result<SinkEpoch> epoch() override {
        TARN_TRY(auto version, world_.lake.txn_version(options_.table, flow_.app_id()));
        return SinkEpoch{.epoch = version};
    }

    Status commit(const EpochPlan& plan, const Changes& changes) override {
        lake::AppendRequest request{
            .table = options_.table,
            .batches = changes.rows,
            .txn = lake::Txn{flow_.app_id(), plan.epoch},
            .more_txns = {},
            .time = plan.batch_time,
            .user_metadata = {{"tarn.flow", flow_.name},
                              {"tarn.epoch", std::to_string(plan.epoch)}},
            .file_stem = fmt::format("{}-{}-{}", flow_.name, flow_.generation, plan.epoch),
            .replace_at = changes.replace_at};
        if (options_.transaction_of_parts) {
            for (const auto& range : plan.ranges)
                request.more_txns.push_back(
                    {fmt::format("{}/{}", flow_.app_id(), range.partition), range.to.at});
        }
        TARN_RETURN_IF_ERROR(world_.failpoints.hit(before_commit_));
        TARN_RETURN_IF_ERROR(world_.lake.append(std::move(request)));
        return world_.failpoints.hit(after_commit_);
    }

    Readable* readable() override { return this; }
    Result<lake::PartitionRows> read_like(sql::Session& session, const std::vector<BatchPtr>& like,
                                          std::span<const std::string> columns) override {
        return world_.lake.read_partitions(session, options_.table, like, columns);
    }
    std::string relation() const override {
        return fmt::format("delta_scan({})", sql::quoted_text(world_.lake.path_of(options_.table)));
    }

  private:
    const FlowIdentity flow_;
    const TableSinkOptions options_;
    RuntimeContext& world_;
    const std::string before_commit_, after_commit_;
};

}  // namespace

std::unique_ptr<Sink> make_table_sink(FlowIdentity flow, TableSinkOptions options,
                                      RuntimeContext& world) {
    return std::make_unique<TableSink>(std::move(flow), std::move(options), world);
}

}  // namespace tarn::flow
