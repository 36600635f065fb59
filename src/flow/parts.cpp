#include "parts.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tarn::errors {
extern const ErrorId kJournalGone;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

template <class Row, class Member>
Result<const Row*> row_of(std::span<const Row> rows, std::string_view name, Member member,
                          std::string_view what) {
    auto row = std::ranges::find(rows, name, member);
    if (row != rows.end()) return &*row;
    std::vector<std::string_view> known;
    for (const auto& other : rows)
        known.push_back(other.*member);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no {} {}: known are {}", what, name, fmt::join(known, ", ")));
}

}  // namespace

Result<std::unique_ptr<Source>> make_source(const SourceSpec& spec, PartContext& context) {
    TARN_TRY(const auto* row,
             row_of(source_kinds(), spec.node.kind, &SourceKind::kind, "kind of source"));
    return row->make(spec, context);
}

std::vector<Node> nodes_of(std::span<const SourceSpec> sources) {
    std::vector<Node> out;
    for (const auto& source : sources)
        out.push_back(source.node);
    return out;
}

const SourceSpec* find_source(std::span<const SourceSpec> sources, const Node& node) {
    auto at = std::ranges::find(sources, node, &SourceSpec::node);
    return at == sources.end() ? nullptr : &*at;
}

Result<std::unique_ptr<Sink>> make_sink(const FlowIdentity& flow, const SinkSpec& spec,
                                        PartContext& context) {
    TARN_TRY(const auto* row,
             row_of(sink_kinds(), spec.node.kind, &SinkKind::kind, "kind of sink"));
    return row->make(flow, spec, context);
}

Result<FlowParts> make_parts(FlowPlan plan, PartContext& context) {
    FlowParts out;
    for (const auto& spec : plan.sources) {
        TARN_TRY(auto source, make_source(spec, context));
        out.sources.push_back(std::move(source));
    }
    for (const auto& spec : plan.sinks) {
        TARN_TRY(auto sink, make_sink(plan.step->identity(), spec, context));
        out.sinks.push_back(std::move(sink));
    }
    const auto& spec = plan.step->spec();
    TARN_TRY(const auto* trigger,
             row_of(trigger_kinds(), spec.trigger, &TriggerKind::name, "trigger"));
    out.trigger = trigger->make(spec);
    out.step = std::move(plan.step);
    return out;
}

int32_t side_partitions(const std::string& topic, PartContext& context) {
    auto* reader = topic.empty() ? nullptr : context.readers.topic(topic);
    return reader ? reader->info().config.partitions : 1;
}

Error journal_gone(const Node& sink, const FlowIdentity& flow) {
    return Error(
        errors::kJournalGone,
        fmt::format("{} has rows, but its flow's journal is gone, so it is not known "
                    "which: put {} back, or build it anew from the source: tarn flow rebuild {}",
                    sink.text(), flow.state_folder, flow.name));
}

}  // namespace tarn::flow
