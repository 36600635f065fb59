// A table as a flow's sink: one Delta commit for an epoch, with a txn of app id
// "<flow>/<generation>" and the epoch as its version.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "parts.h"
#include "tarn/sql/quote.h"

namespace tarn::flow {
namespace {

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
        lake::AppendRequest request{
            .table = spec_.node.name,
            .batches = changes.rows,
            .txn = lake::Txn{flow_.app_id(), plan.epoch},
            .more_txns = {},
            .time = plan.batch_time,
            .user_metadata = {{"tarn.flow", flow_.name},
                              {"tarn.epoch", std::to_string(plan.epoch)}},
            .file_stem = fmt::format("{}-{}-{}", flow_.name, flow_.generation, plan.epoch),
            .replace_at = changes.replace_at};
        if (spec_.transaction_of_parts) {
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
        return world_.lake.read_partitions(session, spec_.node.name, like, columns);
    }
    std::string relation() const override {
        return fmt::format("delta_scan({})",
                           sql::quoted_text(world_.lake.path_of(spec_.node.name)));
    }

  private:
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
