// A view as a flow's sink: changed rows and the epoch in one write batch.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "parts.h"

namespace tarn::flow {
namespace {

class ViewSink final : public Sink {
  public:
    ViewSink(FlowIdentity flow, view::ViewSpec spec, RuntimeContext& world)
        : flow_(std::move(flow)), spec_(std::move(spec)), world_(world) {}

    Node node() const override { return view_node(spec_.name); }

    Status open(bool fresh) override {
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.create.view.before"));
        TARN_TRY(view_, world_.views.open_view(spec_));
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.create.view.after"));
        if (fresh && view_->state().epoch >= 0) return fail(journal_gone(node(), flow_));
        return {};
    }

    Result<std::vector<Change>> differences() override {
        std::vector<Change> out;
        auto stands = world_.views.find(spec_.name);
        if (!stands) return out;
        auto described = [](const view::ViewSpec& spec) {
            std::string text;
            for (const auto& column : spec.columns)
                text += fmt::format("{}{} {}", text.empty() ? "" : ", ", column.name,
                                    codec::to_string(column.type));
            return fmt::format("columns {}, key {}", text, fmt::join(spec.key, ", "));
        };
        const auto was = described(stands->spec()), is = described(spec_);
        if (was != is)
            out.push_back({Effect::kRebuild,
                           fmt::format("view {} stands otherwise than the flow writes it: it has "
                                       "{}; the model gives {}",
                                       spec_.name, was, is)});
        return out;
    }

    Result<SinkEpoch> epoch() override { return SinkEpoch{.epoch = view_->state().epoch}; }

    Status commit(const EpochPlan& plan, const Changes& changes) override {
        TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.commit.view.before"));
        TARN_RETURN_IF_ERROR(
            view_->commit({.epoch = plan.epoch,
                           .upserts = changes.rows.empty() ? nullptr : changes.rows.front(),
                           .remove_before = changes.remove_before,
                           .time = plan.batch_time}));
        return world_.failpoints.hit("flow.commit.view.after");
    }

  private:
    const FlowIdentity flow_;
    const view::ViewSpec spec_;
    RuntimeContext& world_;
    std::shared_ptr<view::View> view_;
};

}  // namespace

SinkKind view_sink() {
    return {kViewKind,
            [](const FlowIdentity& flow, const SinkSpec& spec,
               PartContext& context) -> Result<std::unique_ptr<Sink>> {
                return std::make_unique<ViewSink>(flow,
                                                  view::ViewSpec{.name = spec.node.name,
                                                                 .columns = spec.columns,
                                                                 .key = spec.key,
                                                                 .generation = flow.generation},
                                                  context.world);
            }};
}

}  // namespace tarn::flow
