#include "rebuild.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "journal.h"
#include "side_known.h"
#include "tarn/flow/error_ids.h"

namespace tarn::errors {
extern const ErrorId kRebuildRefused;
extern const ErrorId kRebuilding;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

using nlohmann::ordered_json;

constexpr int kRebuildVersion = 1;
constexpr std::string_view kOrder = "/order.json", kKnown = "/known";
constexpr std::string_view kPhases[] = {"wait", "build", "swap"};

std::string folder_of(const RuntimeOptions& options, std::string_view state) {
    return options.state_folder + "/" + std::string(state);
}

std::string known_file(const std::string& folder, const std::string& topic) {
    return folder + std::string(kKnown) + "/" + topic;
}

bool is_topic(const SinkSpec& sink) { return sink.node.kind == kTopicKind; }

// The journal of the flow that stands; null if there is none that can be read.
std::unique_ptr<Journal> journal_of(const FlowShape& flow, PartContext& context,
                                    const std::vector<std::unique_ptr<Source>>& sources) {
    const Journal::OldSource old{
        .node = flow.sources.front().node,
        .position = [&](int64_t packed) { return sources.front()->unpacked(packed); }};
    auto journal = Journal::read(context.world.fs, context.world.failpoints,
                                 folder_of(context.options, flow.name) + "/journal", old);
    return journal ? std::move(*journal) : nullptr;
}

Result<std::vector<std::unique_ptr<Source>>> sources_of(const FlowShape& flow,
                                                        PartContext& context) {
    std::vector<std::unique_ptr<Source>> out;
    for (const auto& spec : flow.sources) {
        TARN_TRY(auto source, make_source(spec, context));
        out.push_back(std::move(source));
    }
    return out;
}

// Whether it must be built anew with the other: to one that reads changes that is a change.
bool reads(const FlowPlan& plan, const FlowPlan& other) {
    return std::ranges::any_of(other.sinks, [&](const SinkSpec& sink) {
        const auto* source = find_source(plan.sources, sink.node);
        return source && !is_topic(sink) && source->reading == Reading::kAdded;
    });
}

// Takes the place of the old one, if it is not there yet.
Status swap_sink(const SinkSpec& sink, PartContext& context) {
    auto& world = context.world;
    const auto fresh = rebuild_name(sink.node.name);
    if (sink.node.kind == kTableKind) return world.lake.replace_table(sink.node.name, fresh);
    if (sink.node.kind == kViewKind) return world.views.replace_view(sink.node.name, fresh);
    return {};
}

}  // namespace

std::string rebuild_state(std::string_view flow) { return std::string(flow) + "~rebuild"; }
std::string rebuild_name(std::string_view sink) { return std::string(sink) + "__rebuild"; }

Result<std::optional<RebuildOrder>> read_order(io::FileSystem& fs, const RuntimeOptions& options,
                                               std::string_view flow) {
    const auto path = folder_of(options, rebuild_state(flow)) + std::string(kOrder);
    auto text = fs.read_all(path);
    if (!text && text.error().code() == ErrorCode::kNotFound) return std::nullopt;
    if (!text) return fail(text.error());
    try {
        auto json = nlohmann::json::parse(*text);
        if (json.at("version") != kRebuildVersion)
            return fail(errors::kJournalNewer,
                        "an order to rebuild is of another version: " + path);
        RebuildOrder out{.flow = json.at("flow"), .generation = json.at("generation")};
        const std::string phase = json.at("phase");
        const auto at = std::ranges::find(kPhases, phase);
        if (at == std::end(kPhases))
            return fail(errors::kJournalDamaged, "an order to rebuild is damaged: " + path);
        out.phase = RebuildOrder::Phase(at - std::begin(kPhases));
        for (const auto& flow_before : json.at("after"))
            out.after.push_back(flow_before);
        for (const auto& source : json.at("target")) {
            auto& positions = out.target.emplace_back();
            for (const auto& position : source)
                positions.push_back({position.at(0), position.at(1)});
        }
        return out;
    } catch (const nlohmann::json::exception& error) {
        return fail(errors::kJournalDamaged,
                    fmt::format("an order to rebuild is damaged ({}): {}", error.what(), path));
    }
}

Status write_order(io::FileSystem& fs, const RuntimeOptions& options, const RebuildOrder& order) {
    auto target = ordered_json::array();
    for (const auto& source : order.target) {
        auto& positions = target.emplace_back(ordered_json::array());
        for (const auto& position : source)
            positions.push_back({position.at, position.within});
    }
    const ordered_json json = {
        {"version", kRebuildVersion},     {"flow", order.flow},
        {"generation", order.generation}, {"phase", kPhases[size_t(order.phase)]},
        {"after", order.after},           {"target", target}};
    const auto folder = folder_of(options, rebuild_state(order.flow));
    TARN_RETURN_IF_ERROR(fs.create_folders(folder));
    return fs.replace(folder + std::string(kOrder), json.dump(2) + "\n");
}

Result<std::vector<FlowPlan>> plans_of(const project::Project& project, PartContext& context) {
    std::vector<FlowPlan> out;
    for (const auto& kind : flow_kinds()) {
        TARN_TRY(auto plans, kind.plans(project, context));
        for (auto& plan : plans)
            out.push_back(std::move(plan));
    }
    return out;
}

Result<Replay> replay_of(const FlowShape& flow, PartContext& context) {
    Replay out;
    TARN_TRY(auto sources, sources_of(flow, context));
    auto journal = journal_of(flow, context, sources);
    std::vector<std::string> gone, from;
    for (size_t s = 0; s < sources.size(); ++s) {
        auto& source = *sources[s];
        out.unit = source.unit();
        const auto start = source.start({});
        int64_t lost = 0, first = start.empty() ? 0 : start[0].at;
        for (size_t p = 0; p < start.size(); ++p) {
            first = std::min(first, start[p].at);
            if (auto end = source.end(int32_t(p)))
                out.units += std::max<int64_t>(0, *end - start[p].at);
            if (!journal || s >= journal->header().sources.size()) continue;
            const auto& began = journal->header().sources[s].start;
            if (p < began.size()) lost += std::max<int64_t>(0, start[p].at - began[p].at);
        }
        from.push_back(
            fmt::format("{} from its {}", source.node().text(),
                        first == 0 ? "beginning" : fmt::format("{} {}", source.unit(), first)));
        // A table that was replaced as a whole holds all that it held.
        if (lost > 0 && source.node().kind == kTopicKind)
            gone.push_back(fmt::format("{} {}s of {}", lost, source.unit(), source.node().text()));
    }
    out.from = fmt::format("{}", fmt::join(from, ", "));
    out.gone = fmt::format("{}", fmt::join(gone, ", "));
    return out;
}

Result<std::vector<std::string>> make_orders(const std::vector<FlowPlan>& plans,
                                             std::span<const std::string> names, bool from_retained,
                                             PartContext& context) {
    std::vector<const FlowPlan*> chosen;
    auto take = [&](const FlowPlan& plan) {
        if (std::ranges::find(chosen, &plan) == chosen.end()) chosen.push_back(&plan);
    };
    for (const auto& name : names) {
        auto it = std::ranges::find_if(
            plans, [&](const FlowPlan& plan) { return plan.step->spec().name == name; });
        if (it == plans.end()) return fail(errors::kNoFlow, "no such flow: " + name);
        take(*it);
    }
    // What reads them, and what reads that: plans are few.
    for (size_t i = 0; i < chosen.size(); ++i)
        for (const auto& plan : plans)
            if (reads(plan, *chosen[i])) take(plan);
    std::vector<RebuildOrder> orders;
    for (const auto* plan : chosen) {
        const auto& name = plan->step->spec().name;
        TARN_TRY(auto stands, read_order(context.world.fs, context.options, name));
        if (stands)
            return fail(errors::kRebuilding, fmt::format("{} is being rebuilt already", name));
        TARN_TRY(auto replay, replay_of(shape_of(*plan), context));
        if (!replay.gone.empty() && !from_retained)
            return fail(errors::kRebuildRefused,
                        fmt::format("{} cannot be rebuilt as it was: {} that it has read are gone "
                                    "from the log, and rows made of them would go too. "
                                    "`--from-retained` builds it from what there is",
                                    name, replay.gone));
        auto& order = orders.emplace_back(RebuildOrder{.flow = name, .generation = {}});
        order.generation = generation_of(fmt::format("{}|rebuilt {}", plan->step->spec().generation,
                                                     context.world.clock.now().us));
        for (const auto* other : chosen)
            if (other != plan && reads(*plan, *other))
                order.after.push_back(other->step->spec().name);
    }
    // Those that wait first: what they wait for may begin at once.
    std::vector<std::string> out;
    for (size_t i = orders.size(); i-- > 0;)
        TARN_RETURN_IF_ERROR(write_order(context.world.fs, context.options, orders[i]));
    for (const auto& order : orders)
        out.push_back(order.flow);
    return out;
}

FlowShape shape_of(const FlowPlan& plan) {
    return {plan.step->spec().name, plan.sources, plan.sinks};
}

FlowPlan beside(FlowPlan plan, const RebuildOrder& order) {
    plan.step->set_generation(order.generation);
    plan.step->set_state(rebuild_state(order.flow));
    for (auto& sink : plan.sinks) {
        if (is_topic(sink))
            sink.known = known_file(plan.step->state_folder(), sink.node.name);
        else
            sink.node.name = rebuild_name(sink.node.name);
    }
    return plan;
}

Status keep_known(const FlowShape& flow, PartContext& context) {
    auto& world = context.world;
    for (const auto& sink : flow.sinks) {
        if (!is_topic(sink)) continue;
        auto topic = world.log.find_topic(sink.node.name);
        if (!topic) continue;
        TARN_TRY(auto known,
                 SideKnown::of_topic(world.log, *topic, flow.sources.front().node.name));
        if (known.has_everything())
            world.logger.warn(
                "a topic holds too many records to tell what a rebuild adds to it: "
                "what it refuses newly is counted only",
                {{"flow", flow.name}, {"topic", topic->name}});
        const auto folder = folder_of(context.options, rebuild_state(flow.name));
        TARN_RETURN_IF_ERROR(known.write(world.fs, known_file(folder, topic->name)));
    }
    return {};
}

std::optional<JournalHeader> standing_build(const FlowShape& flow, PartContext& context) {
    auto sources = sources_of(flow, context);
    if (!sources) return std::nullopt;
    const auto journal = journal_of(flow, context, *sources);
    return journal ? std::optional(journal->header()) : std::nullopt;
}

Result<Positions> target_of(const FlowShape& flow, PartContext& context) {
    TARN_TRY(auto sources, sources_of(flow, context));
    auto journal = journal_of(flow, context, sources);
    Positions out;
    for (size_t s = 0; s < sources.size(); ++s) {
        auto& source = *sources[s];
        auto& at = out.emplace_back(source.start({}));
        const bool topic = source.node().kind == kTopicKind;
        for (size_t p = 0; p < at.size(); ++p)
            if (auto end = source.end(int32_t(p)); end && (!topic || !journal)) at[p] = {*end, 0};
        if (!topic || !journal || s >= journal->header().sources.size()) continue;
        const auto& done = journal->done();
        auto stands = done.epoch >= 0 && s < done.next.size() ? done.next[s]
                                                              : journal->header().sources[s].start;
        stands.resize(at.size());
        at = std::move(stands);
    }
    if (!journal || journal->plans().empty()) return out;
    // The batch under way counts if the side output has it: its records are not written again.
    const auto& newest = journal->plans().back();
    if (newest.epoch <= journal->done().epoch) return out;
    const FlowIdentity identity{flow.name, journal->header().generation,
                                folder_of(context.options, flow.name)};
    bool written = false;
    for (const auto& spec : flow.sinks) {
        if (!is_topic(spec)) continue;
        TARN_TRY(auto sink, make_sink(identity, spec, context));
        TARN_TRY(auto stands, sink->epoch());
        written = written || stands.epoch >= newest.epoch;
    }
    if (!written) return out;
    for (const auto& range : newest.ranges) {
        const auto s = size_t(range.source), p = size_t(range.partition);
        if (s < out.size() && p < out[s].size() && flow.sources[s].node.kind == kTopicKind)
            out[s][p] = range.to;
    }
    return out;
}

Status swap(const FlowShape& flow, PartContext& context) {
    auto& fs = context.world.fs;
    auto& failpoints = context.world.failpoints;
    // The flow's own rows last: who sees them finds the side output beside them.
    for (auto sink = flow.sinks.rbegin(); sink != flow.sinks.rend(); ++sink) {
        TARN_RETURN_IF_ERROR(failpoints.hit("flow.rebuild.sink.before"));
        TARN_RETURN_IF_ERROR(swap_sink(*sink, context));
    }
    const auto stands = folder_of(context.options, flow.name);
    const auto fresh = folder_of(context.options, rebuild_state(flow.name));
    TARN_RETURN_IF_ERROR(failpoints.hit("flow.rebuild.state.before"));
    // One that was paused is paused again.
    if (fs.exists(stands + kPausedMark)) TARN_RETURN_IF_ERROR(fs.replace(fresh + kPausedMark, ""));
    if (fs.exists(stands)) TARN_RETURN_IF_ERROR(fs.remove_tree(stands));
    TARN_RETURN_IF_ERROR(failpoints.hit("flow.rebuild.state.removed"));
    // The order goes with the folder, where it means nothing: it is not looked for there.
    TARN_RETURN_IF_ERROR(fs.rename(fresh, stands));
    (void)fs.remove(stands + std::string(kOrder));
    if (fs.exists(stands + std::string(kKnown))) (void)fs.remove_tree(stands + std::string(kKnown));
    TARN_RETURN_IF_ERROR(fs.sync_folder(context.options.state_folder));
    return failpoints.hit("flow.rebuild.state.after");
}

Status begin_again(const FlowShape& flow, RebuildOrder order, PartContext& context) {
    auto& world = context.world;
    for (const auto& sink : flow.sinks) {
        const auto name = rebuild_name(sink.node.name);
        Status dropped;
        if (sink.node.kind == kTableKind) dropped = world.lake.purge_table(name);
        if (sink.node.kind == kViewKind && world.views.find(name))
            dropped = world.views.drop_view(name);
        if (!dropped && dropped.error().code() != ErrorCode::kNotFound) return dropped;
    }
    order.phase = RebuildOrder::Phase::kWait;
    order.target.clear();
    order.generation =
        generation_of(fmt::format("{}|again {}", order.generation, world.clock.now().us));
    const auto folder = folder_of(context.options, rebuild_state(flow.name));
    TARN_RETURN_IF_ERROR(world.fs.remove_tree(folder));
    return write_order(world.fs, context.options, order);
}

}  // namespace tarn::flow
