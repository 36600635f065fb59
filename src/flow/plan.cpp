// What a changed project means, and the orders that follow from it.

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "identity.h"
#include "journal.h"
#include "rebuild.h"
#include "tarn/base/names.h"
#include "tarn/flow/error_ids.h"
#include "tarn/lake/error_ids.h"
#include "tarn/project/maintain.h"

namespace tarn::flow {
namespace {

// Readers of the project's topics as they stand, or as they would be made; nothing is made.
void add_topics(const project::Project& project, Readers& readers, RuntimeContext& world) {
    for (const auto& [name, topic] : project.topics) {
        auto info = world.log.find_topic(name);
        if (!info) {
            info.emplace();
            info->name = name;
            info->config.partitions = topic.partitions;
        }
        readers.add(topic, *info);
    }
}

// In what a sink that stands is not as the flow would write it. A topic that is to be made is not
// there yet.
Result<std::vector<Change>> differences_of(const FlowIdentity& flow, const SinkSpec& spec,
                                           PartContext& context) {
    if (spec.node.kind == kTopicKind) return std::vector<Change>();
    TARN_TRY(auto sink, make_sink(flow, spec, context));
    return sink->differences();
}

std::unique_ptr<Journal> journal_in(const std::string& state, const Node& source,
                                    RuntimeContext& world) {
    auto journal = Journal::read(
        world.fs, world.failpoints, state + "/journal",
        {.node = source, .position = [](int64_t packed) { return Position{packed}; }});
    return journal ? std::move(*journal) : nullptr;
}

// The newest batch of a flow's generation in a table or view; -1: none, or it is not there.
Result<int64_t> batch_in(const Node& sink, const std::string& app_id, RuntimeContext& world) {
    if (sink.kind == kViewKind) {
        auto view = world.views.find(sink.name);
        return view ? view->state().epoch : -1;
    }
    auto batch = world.lake.txn_version(sink.name, app_id);
    return !batch && batch.error().code() == ErrorCode::kNotFound ? Result<int64_t>(-1) : batch;
}

// Whether what the flow wrote has gone, while its journal says that it wrote.
Status add_lost_sinks(const FlowPlan& plan, PartContext& context, std::vector<Change>& changes) {
    auto& world = context.world;
    const auto& spec = plan.step->spec();
    // A rebuild puts the sinks in their place before the journal.
    if (world.fs.exists(context.options.state_folder + "/" + rebuild_state(spec.name))) return {};
    auto journal = journal_in(plan.step->state_folder(), plan.sources.front().node, world);
    if (!journal || journal->done().epoch < 0) return {};
    const auto app_id = FlowIdentity{spec.name, journal->header().generation, {}}.app_id();
    for (const auto& sink : plan.sinks) {
        if (sink.port != "rows" || sink.node.kind == kTopicKind) continue;
        TARN_TRY(const auto batch, batch_in(sink.node, app_id, world));
        if (batch < 0)
            changes.push_back({Effect::kRebuild,
                               fmt::format("{} is gone, or was made anew: it has nothing of what "
                                           "the flow wrote",
                                           sink.node.text())});
    }
    return {};
}

// What it is that stands, as far as is known.
Result<FlowChange> change_of(const FlowPlan& plan, PartContext& context) {
    const auto& spec = plan.step->spec();
    FlowChange out{
        .flow = spec.name, .file = spec.file, .sources = nodes_of(plan.sources), .sinks = {}};
    for (const auto& sink : plan.sinks)
        out.sinks.push_back(sink.node);
    auto& fs = context.world.fs;
    const auto folder = plan.step->state_folder();
    const bool journal = fs.exists(folder + "/journal");
    TARN_TRY(auto stands, read_definition(fs, folder));
    if (!journal) {
        out.effect = Effect::kNew;
        return out;
    }
    if (stands) {
        out.changes = compare(*stands, spec.definition);
    } else {
        // Of a version before: its generation says whether it is the same.
        auto header = Journal::read(fs, context.world.failpoints, folder + "/journal",
                                    {.node = plan.sources.front().node,
                                     .position = [](int64_t packed) { return Position{packed}; }});
        if (!header) return fail(header.error());
        if (*header && (*header)->header().generation != spec.generation)
            out.changes.push_back(
                {Effect::kRebuild,
                 "the SQL, columns or settings have changed since a version of Tarn that did not "
                 "keep what they were"});
    }
    for (const auto& sink : plan.sinks) {
        TARN_TRY(auto stands_otherwise, differences_of(plan.step->identity(), sink, context));
        add_sink_changes(std::move(stands_otherwise), spec.strategy, out.changes);
    }
    // Else it needs one anyway.
    if (gravest(out.changes) != Effect::kRebuild)
        TARN_RETURN_IF_ERROR(add_lost_sinks(plan, context, out.changes));
    std::ranges::stable_sort(out.changes, std::greater(), &Change::effect);
    out.effect = gravest(out.changes);
    if (out.effect == Effect::kRebuild) {
        TARN_TRY(out.replay, replay_of(shape_of(plan), context));
    }
    return out;
}

// Those that read what is rebuilt are rebuilt after it.
Status follow(const std::vector<FlowPlan>& plans, std::vector<FlowChange>& changes,
              PartContext& context) {
    for (size_t i = 0; i < changes.size(); ++i) {
        for (size_t k = 0; k < plans.size(); ++k) {
            if (changes[i].effect != Effect::kRebuild || k == i) continue;
            auto& reader = changes[k];
            if (reader.effect == Effect::kNew || reader.effect == Effect::kRebuild) continue;
            for (const auto& sink : changes[i].sinks) {
                const auto* source = find_source(plans[k].sources, sink);
                // One that reads changes takes it for one.
                if (!source || sink.kind == kTopicKind || source->reading != Reading::kAdded)
                    continue;
                reader.effect = Effect::kRebuild;
                reader.changes.insert(
                    reader.changes.begin(),
                    {Effect::kRebuild,
                     fmt::format("it reads {}, which is built anew", sink.text())});
                TARN_TRY(reader.replay, replay_of(shape_of(plans[k]), context));
                i = size_t(-1);  // from the first again
                break;
            }
            if (i == size_t(-1)) break;
        }
    }
    return {};
}

// Those that write it or read it.
std::vector<std::string> users_of(const Node& node, const std::vector<FlowPlan>& plans,
                                  PartContext& context) {
    std::vector<std::string> out;
    for (const auto& plan : plans) {
        const auto& name = plan.step->spec().name;
        const bool reads = find_source(plan.sources, node) != nullptr;
        auto writes = [&](const SinkSpec& sink) {
            if (sink.node == node) return true;
            // What is built beside it belongs to the order.
            const bool beside =
                sink.node.kind == node.kind && rebuild_name(sink.node.name) == node.name;
            return beside && context.world.fs.exists(context.options.state_folder + "/" +
                                                     rebuild_state(name));
        };
        if (reads) out.push_back(name + " reads it");
        if (std::ranges::any_of(plan.sinks, writes)) out.push_back(name + " writes it");
    }
    return out;
}

// Flows that have run and are not among these.
std::vector<std::string> removed_flows(const std::set<std::string>& known,
                                       const RuntimeOptions& options, RuntimeContext& world) {
    std::vector<std::string> out;
    auto states = world.fs.list(options.state_folder);
    if (!states) return out;
    for (const auto& state : *states)
        if (state.folder && !known.contains(state.name) && !state.name.ends_with("~rebuild") &&
            world.fs.exists(options.state_folder + "/" + state.name + "/journal"))
            out.push_back(state.name);
    return out;
}

// "gold.pages wrote it" of flows that the project does not have: put back, they would miss it.
Result<std::vector<std::pair<std::string, std::string>>> removed_users_of(
    const Node& node, const std::vector<FlowPlan>& plans, PartContext& context) {
    std::set<std::string> known;
    for (const auto& plan : plans)
        known.insert(plan.step->spec().name);
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& name : removed_flows(known, context.options, context.world)) {
        auto journal = journal_in(context.options.state_folder + "/" + name, Node{}, context.world);
        bool writes = name == node.name, reads = false;  // models' flows are called as they are
        if (journal && !writes && node.kind == kTableKind) {
            const auto app_id = FlowIdentity{name, journal->header().generation, {}}.app_id();
            TARN_TRY(const auto batch, batch_in(node, app_id, context.world));
            writes = batch >= 0;
        }
        if (journal)
            reads = std::ranges::find(journal->header().sources, node, &JournalSource::node) !=
                    journal->header().sources.end();
        if (writes || reads) out.emplace_back(name, writes ? "wrote" : "read");
    }
    return out;
}

// "models/a.sql: message … LINE 3: …" as "models/a.sql:3: …".
Error with_line(const Error& error, const std::string& file) {
    constexpr std::string_view kLine = "LINE ";
    const auto& text = error.message();
    if (!text.starts_with(file + ": ")) return error;
    int line = 1;  // the model as a whole, or its config
    if (auto at = text.find(kLine); at != text.npos)
        std::from_chars(text.data() + at + kLine.size(), text.data() + text.size(), line);
    return Error(error.id(), fmt::format("{}:{}{}", file, line, text.substr(file.size())));
}

// Compiles the flows of a part of a project.
std::optional<Error> wrong_with(const project::Project& project, const std::string& file,
                                const RuntimeOptions& options, RuntimeContext& context) {
    Readers readers(context, options.decoded_cache_bytes);
    add_topics(project, readers, context);
    PartContext parts{options, context, readers};
    auto plans = plans_of(project, parts);
    return plans ? std::nullopt : std::optional(with_line(plans.error(), file));
}

}  // namespace

std::vector<Error> check_models(const project::Project& project, const RuntimeOptions& options,
                                RuntimeContext context) {
    std::vector<Error> out;
    auto part = project;
    part.live_models.clear();
    part.table_models.clear();
    for (const auto& model : project.live_models) {
        part.live_models = {model};
        if (auto wrong = wrong_with(part, model.file, options, context))
            out.push_back(std::move(*wrong));
    }
    part.live_models.clear();
    // Each stands behind what it reads: with that, of which all must be right.
    std::map<std::string, std::vector<project::TableModel>> right;
    std::set<std::string> bad;
    for (const auto& model : project.table_models) {
        const bool unknown = bad.contains(model.source);
        auto above = right.find(model.source);
        part.table_models =
            above == right.end() ? std::vector<project::TableModel>() : above->second;
        part.table_models.push_back(model);
        auto wrong = unknown ? std::nullopt : wrong_with(part, model.file, options, context);
        if (unknown || wrong)
            bad.insert(model.name);
        else
            right[model.name] = part.table_models;
        if (wrong) out.push_back(std::move(*wrong));
    }
    return out;
}

std::vector<Error> check_care(const project::Project& project, const RuntimeOptions& options,
                              RuntimeContext context) {
    std::vector<Error> out;
    const auto care = project::care_plan(project);
    if (care.tables.empty()) return out;
    Readers readers(context, options.decoded_cache_bytes);
    add_topics(project, readers, context);
    PartContext parts{options, context, readers};
    const auto plans = plans_of(project, parts);
    if (!plans) return out;
    std::map<std::string, std::vector<codec::ColumnSpec>> known;
    for (const auto& plan : *plans)
        for (const auto& sink : plan.sinks)
            if (sink.node.kind == kTableKind) known[sink.node.name] = sink.columns;
    const auto made = context.lake.tables();
    for (const auto& name : made)
        if (auto info = context.lake.describe(name)) known.try_emplace(name, info->columns);
    std::vector<std::string> names;
    for (const auto& [name, columns] : known)
        names.push_back(name);
    auto say = [&](const project::CareRule& rule, const std::string& what) {
        out.push_back(project::wrong({"tarn.yml", rule.line}, "maintain: " + what).error());
    };
    for (const auto& [name, rule] : care.tables) {
        const auto table = known.find(name);
        if (table == known.end()) {
            const auto near = nearest(name, names);
            if (near || !made.empty())
                say(rule, fmt::format("no flow of the project writes table {}, and the data folder "
                                      "has none of this name{}",
                                      name, near ? "; did you mean " + *near + "?" : ""));
            continue;
        }
        if (!rule.retain) continue;
        const auto column =
            std::ranges::find(table->second, rule.retain_by, &codec::ColumnSpec::name);
        if (column == table->second.end())
            say(rule, fmt::format("table {} has no column {} to count `retain` from: name one by "
                                  "`retain_by`",
                                  name, rule.retain_by));
        else if (column->type != codec::ColumnType::kTimestamp &&
                 column->type != codec::ColumnType::kTimestampNtz &&
                 column->type != codec::ColumnType::kDate)
            say(rule, fmt::format("column {} of table {} is {}, from which `retain` cannot count: "
                                  "it takes a time or a date",
                                  rule.retain_by, name, codec::to_string(column->type)));
    }
    return out;
}

Status drop_output(const Node& node, Dropped what, const project::Project& project,
                   const RuntimeOptions& options, RuntimeContext context) {
    if (node.kind == kTableKind && !is_table_name(node.name))
        return fail(errors::kNoTable, "no table " + node.name);
    Readers readers(context, options.decoded_cache_bytes);
    add_topics(project, readers, context);
    PartContext parts{options, context, readers};
    TARN_TRY(auto plans, plans_of(project, parts));
    if (auto users = users_of(node, plans, parts); !users.empty())
        return fail(errors::kInUse,
                    fmt::format("{} is still used: flow {}. Take it out of the project, `tarn "
                                "apply` (or restart Tarn), and drop it then",
                                node.text(), fmt::join(users, ", flow ")));
    const bool there = node.kind == kViewKind ? context.views.find(node.name) != nullptr
                                              : context.lake.version(node.name).has_value();
    if (there) {
        TARN_TRY(auto users, removed_users_of(node, plans, parts));
        std::string said, way;
        for (const auto& [name, does] : users) {
            said += fmt::format("{}flow {} {} it", said.empty() ? "" : ", ", name, does);
            way += fmt::format("{}`tarn flow drop {} --yes`", way.empty() ? "" : ", ", name);
        }
        if (!users.empty())
            return fail(errors::kInUse,
                        fmt::format("{} is still known to flows that are not in the project: {}. "
                                    "Forget them first: {}",
                                    node.text(), said, way));
    }
    if (node.kind == kViewKind) return context.views.drop_view(node.name);
    return what == Dropped::kPurged ? context.lake.purge_table(node.name)
                                    : context.lake.drop_table(node.name);
}

Result<std::vector<FlowChange>> plan_changes(const project::Project& project,
                                             const RuntimeOptions& options,
                                             RuntimeContext context) {
    Readers readers(context, options.decoded_cache_bytes);
    add_topics(project, readers, context);
    PartContext parts{options, context, readers};
    TARN_TRY(auto plans, plans_of(project, parts));
    // In the order in which they run.
    std::ranges::stable_partition(
        plans, [](const FlowPlan& plan) { return plan.sources.front().node.kind == kTopicKind; });
    std::vector<FlowChange> out;
    std::set<std::string> known;
    for (const auto& plan : plans) {
        TARN_TRY(auto change, change_of(plan, parts));
        known.insert(change.flow);
        out.push_back(std::move(change));
    }
    TARN_RETURN_IF_ERROR(follow(plans, out, parts));
    for (const auto& name : removed_flows(known, options, context))
        out.push_back(
            {.flow = name, .file = {}, .effect = Effect::kRemoved, .sources = {}, .sinks = {}});
    return out;
}

Result<std::vector<std::string>> order_rebuilds(const project::Project& project,
                                                std::span<const std::string> names,
                                                bool from_retained, const RuntimeOptions& options,
                                                RuntimeContext context) {
    Readers readers(context, options.decoded_cache_bytes);
    add_topics(project, readers, context);
    PartContext parts{options, context, readers};
    TARN_TRY(auto plans, plans_of(project, parts));
    return make_orders(plans, names, from_retained, parts);
}

Status drop_flow(std::string_view name, const project::Project& project,
                 const RuntimeOptions& options, RuntimeContext context) {
    Readers readers(context, options.decoded_cache_bytes);
    add_topics(project, readers, context);
    PartContext parts{options, context, readers};
    TARN_TRY(auto plans, plans_of(project, parts));
    for (const auto& plan : plans)
        if (plan.step->spec().name == name)
            return fail(errors::kInUse, fmt::format("the project has flow {}", name));
    const auto folder = options.state_folder + "/" + std::string(name);
    if (name.find('/') != name.npos || !context.fs.exists(folder + "/journal"))
        return fail(errors::kNoFlow, fmt::format("no such flow: {}", name));
    context.log.release_holds(name);
    context.lake.release_holds(name);
    TARN_RETURN_IF_ERROR(context.fs.remove_tree(folder));
    return context.fs.sync_folder(options.state_folder);
}

}  // namespace tarn::flow
