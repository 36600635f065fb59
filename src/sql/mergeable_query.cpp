#include "tarn/sql/mergeable_query.h"

#include <algorithm>

#include "mergeable_plan.h"
#include "tarn/sql/statement.h"
#include "tumble.h"

namespace tarn::sql {

struct MergeableQuery::Impl {
    Info info;
    MergeablePlan plan;
    std::string stream;
    std::unique_ptr<StreamStatement> partial, merge, finish;
};

namespace {

Result<int64_t> interval_us(Engine& engine, const std::string& text) {
    TARN_TRY(auto session, engine.session());
    TARN_TRY(auto answer,
             session->query_columns("SELECT epoch_us(TIMESTAMPTZ '1970-01-01 00:00:00Z' + " + text +
                                    "), date_part('month', " + text +
                                    ") + 12 * date_part('year', " + text + ")"));
    if (answer.row_count != 1 || answer.columns[0].is_null(0) ||
        answer.columns[1].values<int64_t>()[0] != 0 || answer.columns[0].values<int64_t>()[0] <= 0)
        return fail(
            ErrorCode::kInvalidArgument,
            "the gap of session(), or the size of tumble(), is a constant interval above zero, in "
            "days or less: " +
                text);
    return answer.columns[0].values<int64_t>()[0];
}

int position(const std::vector<codec::ColumnSpec>& columns, std::string_view name) {
    for (size_t i = 0; i < columns.size(); ++i)
        if (columns[i].name == name) return int(i);
    return -1;
}

}  // namespace

MergeableQuery::MergeableQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MergeableQuery::~MergeableQuery() = default;
const MergeableQuery::Info& MergeableQuery::info() const { return impl_->info; }

Result<bool> MergeableQuery::is_aggregate(std::string_view sql) {
    return parsed_is_aggregate(std::string(sql));
}

Result<std::unique_ptr<MergeableQuery>> MergeableQuery::compile(Engine& engine,
                                                                std::string_view sql,
                                                                const StreamSchema& stream,
                                                                MergeableForm form) {
    auto impl = std::make_unique<Impl>();
    impl->stream = stream.name;
    auto& info = impl->info;
    // DuckDB judges the whole first: its messages show the place in the text as it was written.
    TARN_TRY(auto session, engine.session());
    TARN_TRY(auto whole, StreamStatement::compile(std::move(session), sql, {&stream, 1}));
    info.output = whole->output();
    if (auto it = whole->input().find(stream.name); it != whole->input().end())
        info.input = it->second;
    TARN_TRY(impl->plan, make_mergeable_plan(std::string(sql), whole->output_types(), form));
    auto& plan = impl->plan;
    int64_t gap_us = 0;
    if (!plan.event_time.empty()) {
        TARN_TRY(gap_us, interval_us(engine, plan.gap_text));
        if (plan.window)
            info.window = Window{plan.event_time, Duration::micros(gap_us)};
        else
            info.session = Session{plan.event_time, Duration::micros(gap_us)};
    }
    TARN_TRY(session, engine.session());
    TARN_TRY(impl->partial, StreamStatement::compile(
                                std::move(session), partial_text(plan, stream.name), {&stream, 1}));
    info.state = impl->partial->output();
    const StreamSchema state{"state", info.state};
    TARN_TRY(session, engine.session());
    TARN_TRY(impl->merge,
             StreamStatement::compile(std::move(session), merge_text(plan, gap_us), {&state, 1}));
    TARN_TRY(session, engine.session());
    TARN_TRY(impl->finish,
             StreamStatement::compile(std::move(session), finish_text(plan), {&state, 1}));
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
        info.output[i].name = plan.outputs[i].name;
        if (plan.outputs[i].aggregate.empty() && !plan.outputs[i].state.empty())
            info.key.push_back(int(i));
    }
    for (const auto& key : plan.keys)
        info.state_key.push_back(position(info.state, key));
    info.first = position(info.state, "_first");
    info.last = position(info.state, "_last");
    for (auto* made : {impl->merge.get(), impl->finish.get()}) {
        auto& want = made == impl->merge.get() ? info.state : info.output;
        for (size_t i = 0; i < want.size(); ++i)
            if (made->output()[i].type != want[i].type)
                return fail(ErrorCode::kUnsupported,
                            "the aggregate of column " + want[i].name +
                                " changes its type when it is merged: cast it to a plain type");
    }
    return std::unique_ptr<MergeableQuery>(new MergeableQuery(std::move(impl)));
}

Result<BatchPtr> MergeableQuery::partial(const std::vector<BatchPtr>& rows) {
    return impl_->partial->run({{impl_->stream, rows}});
}

Result<BatchPtr> MergeableQuery::merge(const std::vector<BatchPtr>& states) {
    return impl_->merge->run({{"state", states}});
}

Result<BatchPtr> MergeableQuery::finish(const std::vector<BatchPtr>& states) {
    return impl_->finish->run({{"state", states}});
}

std::optional<std::string> MergeableQuery::not_mergeable_from_output() const {
    for (auto& output : impl_->plan.outputs)
        if (output.helped) return output.name;
    return std::nullopt;
}

Result<BatchPtr> MergeableQuery::resume(const std::vector<BatchPtr>& output) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->schema = impl_->info.state;
    if (output.size() > 1) return fail(ErrorCode::kInternal, "one batch of the output at a time");
    if (output.empty()) {
        for (auto& spec : out->schema)
            out->columns.push_back(codec::ColumnBuilder(spec.type).finish(*out));
        return BatchPtr(out);
    }
    auto& rows = *output[0];
    out->row_count = rows.row_count;
    out->buffers = {output[0]};
    for (auto& spec : out->schema) {
        auto& outputs = impl_->plan.outputs;
        auto it = std::ranges::find(outputs, spec.name, &MergeablePlan::Output::state);
        int at = it == outputs.end() ? -1 : rows.find(it->name);
        if (at < 0 || rows.schema[size_t(at)].type != spec.type)
            return fail(ErrorCode::kInternal, "the result has no column for state " + spec.name);
        out->columns.push_back(rows.columns[size_t(at)]);
    }
    return BatchPtr(out);
}

}  // namespace tarn::sql
