#include "tarn/sql/live_query.h"

#include <limits>
#include <optional>

#include "duckdb/execution/expression_executor.hpp"

#include "duck.h"
#include "live_plan.h"
#include "pane_table.h"
#include "stored_pane.h"
#include "stream_plan.h"
#include "tarn/sql/error_ids.h"
#include "tumble.h"

namespace tarn::sql {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;

static constexpr const char* kSetColumn = "grouping_set";

struct LiveQuery::Impl {
    std::unique_ptr<Session> session;
    LivePlan plan;
    Info info;
    Duration grace;
    std::unique_ptr<PayloadLayout> layout;
    std::vector<int> key_groups;  // groups without the tumble, of any set
    std::vector<duckdb::vector<LogicalType>>
        set_key_types;  // by set; one constant if it has no group
    std::unique_ptr<duckdb::ExpressionExecutor> filter, groups, payload, outputs;
    DataChunk group_values, payload_values;  // of the chunk at hand; groups by key_groups

    std::map<int64_t, Pane> panes;  // by the window's start
    std::optional<PaneShape> shape;
    std::map<int64_t, StoredPane> stored;  // those that keep their rows
    bool store_new = false;

    // The rows of one chunk that belong to one pane.
    struct Part {
        int64_t start;
        Pane* pane;  // null: a stored one
        StoredPane* stored = nullptr;
        idx_t count = 0;
        duckdb::SelectionVector rows;
    };
    std::vector<Part> parts;
    size_t used_parts = 0;

    ~Impl() {
        panes.clear();  // before the session whose memory they use
        stored.clear();
    }
    duckdb::ClientContext& context() { return session->impl().context(); }

    void prepare();
    Status describe(std::span<const StreamSchema> streams);
    Pane make_pane();
    Pane& pane_of(int64_t start);
    bool is_late(int64_t start, Timestamp watermark) const;
    Result<std::vector<int>> locate(const codec::ColumnBatch& rows) const;
    using Judged = std::span<const RowsJudged>;
    // What add() was called with.
    struct Adding {
        const AdoptedBatch& batch;
        const std::vector<int>& columns;
        Judged judged;  // from the rows at hand on
        std::vector<uint32_t>& late;
        std::vector<RefusedRow>* refused;
    };
    void add_chunk(Adding& adding, size_t chunk, const duckdb::SelectionVector* rows, idx_t count);
    bool evaluate(Adding& adding, size_t chunk, const duckdb::SelectionVector* rows, idx_t count);
    void add_evaluated();
    void add_part(DataChunk& groups_of, DataChunk& payload_of, Part& part);
    void add_rows(DataChunk& groups_of, DataChunk& payload_of, Pane& pane);
    StoredPane* stored_of(int64_t start);
    idx_t assign(const codec::Column& times, size_t from, const duckdb::SelectionVector* rows,
                 idx_t count, Judged& judged, std::vector<uint32_t>& late,
                 duckdb::SelectionVector& kept);
    Part& part_of(int64_t start);
    void emit(int64_t start, size_t set, DataChunk& keys, DataChunk& results, BatchBuilder& to,
              std::vector<std::string>* refused);
    void emit_ended(const TakeOptions& options, BatchBuilder& to,
                    std::vector<std::string>* refused);
    void emit_values(size_t set, DataChunk& values, BatchBuilder& to,
                     std::vector<std::string>* refused);
};

// --- Compiling ---

LiveQuery::LiveQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveQuery::~LiveQuery() = default;
const LiveQuery::Info& LiveQuery::info() const { return impl_->info; }

Result<std::unique_ptr<LiveQuery>> LiveQuery::compile(std::unique_ptr<Session> session,
                                                      std::string_view sql,
                                                      std::span<const StreamSchema> streams,
                                                      Duration grace) {
    if (grace.us < 0)
        return fail(ErrorCode::kInvalidArgument, "the grace of a window cannot be negative");
    auto impl = std::make_unique<Impl>();
    auto& s = session->impl();
    TARN_RETURN_IF_ERROR(add_streams(*s.state, streams));
    impl->session = std::move(session);
    impl->grace = grace;
    auto planned = s.planned([&]() -> Status {
        TARN_TRY(impl->plan, make_live_plan(s.context(), std::string(sql)));
        TARN_RETURN_IF_ERROR(impl->describe(streams));
        impl->prepare();
        return {};
    });
    TARN_RETURN_IF_ERROR(planned);
    return std::unique_ptr<LiveQuery>(new LiveQuery(std::move(impl)));
}

Status LiveQuery::Impl::describe(std::span<const StreamSchema> streams) {
    info.stream = plan.stream;
    info.event_time_column = plan.input_names[size_t(plan.event_time)];
    info.window_size = Duration::micros(plan.size_us);
    for (auto& stream : streams) {
        if (stream.name != plan.stream) continue;
        for (auto& name : plan.input_names)
            for (auto& column : stream.columns)
                if (column.name == name) info.input.push_back(column);
    }
    info.output = BatchBuilder(plan.output_names, plan.output_types).schema();
    info.key = plan.key;
    info.window_start = plan.window_start;
    if (plan.sets.size() > 1) {
        for (auto& column : info.output)
            if (column.name == kSetColumn)
                return fail(errors::kStreamingSql,
                            "with several grouping sets the name grouping_set is taken");
        info.key.push_back(int(info.output.size()));
        info.output.push_back({kSetColumn, codec::ColumnType::kInt32, false});
        plan.output_names.push_back(kSetColumn);
        plan.output_types.push_back(LogicalType::INTEGER);
    }
    return {};
}

void LiveQuery::Impl::prepare() {
    auto& memory = duckdb::Allocator::DefaultAllocator();
    if (plan.filter) filter = std::make_unique<duckdb::ExpressionExecutor>(context(), *plan.filter);
    groups = std::make_unique<duckdb::ExpressionExecutor>(context());
    duckdb::vector<LogicalType> group_types;
    std::vector<int> place(plan.groups.size(), -1);
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        if (int(i) == plan.tumble_group) continue;
        place[i] = int(key_groups.size());
        key_groups.push_back(int(i));
        groups->AddExpression(*plan.groups[i]);
        group_types.push_back(plan.groups[i]->return_type);
    }
    if (!group_types.empty()) group_values.Initialize(memory, group_types);
    for (auto& set : plan.sets) {
        auto& types = set_key_types.emplace_back();
        for (auto& group : set) {
            group = place[size_t(group)];
            types.push_back(group_types[size_t(group)]);
        }
        if (set.empty()) types.push_back(LogicalType::UTINYINT);
    }
    layout = std::make_unique<PayloadLayout>(plan);
    payload = std::make_unique<duckdb::ExpressionExecutor>(context());
    for (auto* e : layout->expressions)
        payload->AddExpression(*e);
    if (!layout->types.empty()) payload_values.Initialize(memory, layout->types);
    shape.emplace(*layout, plan.sets, set_key_types);
    outputs = std::make_unique<duckdb::ExpressionExecutor>(context());
    for (auto* e : plan.outputs)
        outputs->AddExpression(*e);
}

// --- Adding rows ---

// The end of the window plus grace, saturated.
static int64_t closing_time(int64_t start, int64_t size, Duration grace) {
    int64_t at;
    if (__builtin_add_overflow(start, size, &at) || __builtin_add_overflow(at, grace.us, &at))
        return std::numeric_limits<int64_t>::max();
    return at;
}

bool LiveQuery::Impl::is_late(int64_t start, Timestamp watermark) const {
    return closing_time(start, plan.size_us, grace) <= watermark.us;
}

Pane LiveQuery::Impl::make_pane() {
    Pane pane;
    for (auto& distinct : layout->distincts)
        pane.values.emplace_back(context(), *layout, distinct);
    for (size_t s = 0; s < set_key_types.size(); ++s)
        pane.tables.emplace_back(context(), *layout, set_key_types[s], plan.sets[s].empty());
    return pane;
}

Pane& LiveQuery::Impl::pane_of(int64_t start) {
    auto it = panes.find(start);
    if (it == panes.end()) it = panes.emplace(start, make_pane()).first;
    return it->second;
}

// Null if the window keeps groups.
StoredPane* LiveQuery::Impl::stored_of(int64_t start) {
    auto it = stored.find(start);
    if (it == stored.end()) {
        if (!store_new || panes.contains(start)) return nullptr;
        it = stored.try_emplace(start, context(), *shape, group_values, payload_values).first;
    }
    return &it->second;
}

LiveQuery::Impl::Part& LiveQuery::Impl::part_of(int64_t start) {
    for (size_t i = 0; i < used_parts; ++i)
        if (parts[i].start == start) return parts[i];
    if (used_parts == parts.size()) {
        parts.emplace_back();
        parts.back().rows.Initialize(STANDARD_VECTOR_SIZE);
    }
    auto& part = parts[used_parts++];
    part.start = start;
    part.stored = stored_of(start);
    part.pane = part.stored ? nullptr : &pane_of(start);
    part.count = 0;
    return part;
}

Result<std::vector<int>> LiveQuery::Impl::locate(const codec::ColumnBatch& rows) const {
    std::vector<int> columns;
    for (size_t i = 0; i < plan.input_names.size(); ++i) {
        int at = rows.find(plan.input_names[i]);
        if (at < 0)
            return fail(ErrorCode::kInvalidArgument, "a batch of stream " + plan.stream +
                                                         " has no column " + plan.input_names[i]);
        if (to_logical(rows.schema[size_t(at)].type) != plan.input_types[i])
            return fail(ErrorCode::kInvalidArgument, "a batch of stream " + plan.stream +
                                                         " has column " + plan.input_names[i] +
                                                         " in another type");
        columns.push_back(at);
    }
    return columns;
}

Status LiveQuery::add(const codec::ColumnBatch& rows, std::span<const RowsJudged> judged,
                      std::vector<uint32_t>& late, std::vector<RefusedRow>* refused) {
    return guarded_run([&]() -> Status {
        TARN_TRY(auto columns, impl_->locate(rows));
        // The batch outlives the call; nothing here keeps it.
        AdoptedBatch batch(
            std::shared_ptr<const codec::ColumnBatch>(std::shared_ptr<void>(), &rows), columns);
        Impl::Adding adding{batch, columns, judged, late, refused};
        for (size_t i = 0; i < batch.chunks(); ++i)
            impl_->add_chunk(adding, i, nullptr, batch.chunk_rows(i));
        return {};
    });
}

// Sorts the rows of a chunk into panes; gives how many are on time, in `kept` which positions of
// the chunk at hand. rows: the positions that WHERE left, null for all. judged: from the rows of
// the chunk on; those behind it are left.
idx_t LiveQuery::Impl::assign(const codec::Column& times, size_t from,
                              const duckdb::SelectionVector* rows, idx_t count, Judged& judged,
                              std::vector<uint32_t>& late, duckdb::SelectionVector& kept) {
    const auto* time = times.values<int64_t>() + from;
    const auto size = plan.size_us;
    int64_t start = 0,
            end = std::numeric_limits<int64_t>::min();  // of the window of the row before
    bool closed = false;
    Part* part = nullptr;
    idx_t n = 0;
    used_parts = 0;
    for (idx_t i = 0; i < count; ++i) {
        const auto row = rows ? rows->get_index(i) : i;
        const auto t = time[row];
        if (from + row >= judged.front().to_row) [[unlikely]] {
            while (from + row >= judged.front().to_row)
                judged = judged.subspan(1);
            start = 0, end = std::numeric_limits<int64_t>::min();
        }
        if (t < start || t >= end) [[unlikely]] {
            const bool finite = duckdb::Timestamp::IsFinite(duckdb::timestamp_t(t)) &&
                                t > std::numeric_limits<int64_t>::min() + size &&
                                t < std::numeric_limits<int64_t>::max() - size;
            start = finite ? window_start(t, size) : t;
            end = finite ? start + size : t + (t < 0);
            closed = !finite || is_late(start, judged.front().watermark);
            part = nullptr;
        }
        if (closed || (!times.validity.empty() && times.is_null(from + row))) [[unlikely]] {
            late.push_back(uint32_t(from + row));
            continue;
        }
        if (!part) part = &part_of(start);
        part->rows.set_index(part->count++, n);
        kept.set_index(n++, i);
    }
    return n;
}

// These rows of a chunk (null: all), and of those without the ones with a value that is refused:
// nothing is added before all expressions gave a result.
void LiveQuery::Impl::add_chunk(Adding& adding, size_t chunk, const duckdb::SelectionVector* rows,
                                idx_t count) {
    const auto late_before = adding.late.size();
    const auto judged_before = adding.judged;
    auto row_of = [&](idx_t i) { return rows ? rows->get_index(i) : i; };
    try {
        if (!evaluate(adding, chunk, rows, count)) return;
    } catch (const std::exception& e) {
        const duckdb::ErrorData error(e);
        if (!adding.refused || !is_of_value(error.Type())) throw;
        adding.late.resize(late_before);
        adding.judged = judged_before;
        if (count == 1) {
            const auto row = chunk * STANDARD_VECTOR_SIZE + row_of(0);
            adding.refused->push_back({uint32_t(row), reason_of_value(error)});
            return;
        }
        duckdb::SelectionVector half(count);
        for (idx_t from = 0, to = count / 2; from < count; from = to, to = count) {
            for (idx_t i = from; i < to; ++i)
                half.set_index(i - from, row_of(i));
            add_chunk(adding, chunk, &half, to - from);
        }
        return;
    }
    add_evaluated();
}

// False if none of the rows is in a window.
bool LiveQuery::Impl::evaluate(Adding& adding, size_t chunk, const duckdb::SelectionVector* rows,
                               idx_t count) {
    DataChunk input;
    input.InitializeEmpty(plan.input_types);
    for (size_t i = 0; i < adding.columns.size(); ++i)
        adding.batch.reference(chunk, adding.columns[i], input.data[i]);
    input.SetCardinality(adding.batch.chunk_rows(chunk));
    if (rows) input.Slice(*rows, count);
    duckdb::SelectionVector matching(STANDARD_VECTOR_SIZE), kept(STANDARD_VECTOR_SIZE);
    if (filter) {
        const auto all = count;
        count = filter->SelectExpression(input, matching);
        if (count < all) {
            input.Slice(matching, count);
            for (idx_t i = 0; rows && i < count; ++i)
                matching.set_index(i, rows->get_index(matching.get_index(i)));
            rows = &matching;
        }
    }
    auto& times = adding.batch.batch().columns[size_t(adding.columns[size_t(plan.event_time)])];
    const auto on_time =
        assign(times, chunk * STANDARD_VECTOR_SIZE, rows, count, adding.judged, adding.late, kept);
    if (on_time == 0) return false;
    if (on_time < count) input.Slice(kept, on_time);
    if (!key_groups.empty()) {
        group_values.Reset();
        groups->Execute(input, group_values);
    }
    group_values.SetCardinality(input.size());
    if (!layout->types.empty()) {
        payload_values.Reset();
        payload->Execute(input, payload_values);
    }
    payload_values.SetCardinality(input.size());
    return true;
}

void LiveQuery::Impl::add_evaluated() {
    if (used_parts == 1) return add_part(group_values, payload_values, parts[0]);
    for (size_t i = 0; i < used_parts; ++i) {
        auto& part = parts[i];
        DataChunk keys, values;
        keys.InitializeEmpty(group_values.GetTypes());
        values.InitializeEmpty(payload_values.GetTypes());
        keys.Reference(group_values);
        values.Reference(payload_values);
        keys.Slice(part.rows, part.count);
        values.Slice(part.rows, part.count);
        add_part(keys, values, part);
    }
}

void LiveQuery::Impl::add_part(DataChunk& groups_of, DataChunk& payload_of, Part& part) {
    if (part.stored) return part.stored->add(groups_of, payload_of);
    add_rows(groups_of, payload_of, *part.pane);
}

void LiveQuery::Impl::add_rows(DataChunk& groups_of, DataChunk& payload_of, Pane& pane) {
    for (auto& values : pane.values)
        values.add(payload_of);
    for (size_t s = 0; s < plan.sets.size(); ++s) {
        DataChunk keys;
        keys.InitializeEmpty(set_key_types[s]);
        for (size_t i = 0; i < plan.sets[s].size(); ++i)
            keys.data[i].Reference(groups_of.data[size_t(plan.sets[s][i])]);
        if (plan.sets[s].empty()) keys.data[0].Reference(duckdb::Value::UTINYINT(0));
        keys.SetCardinality(payload_of.size());
        pane.tables[s].add(keys, payload_of, pane.values);
    }
}

// --- Results ---

void LiveQuery::Impl::emit(int64_t start, size_t set, DataChunk& keys, DataChunk& results,
                           BatchBuilder& to, std::vector<std::string>* refused) {
    duckdb::vector<LogicalType> types;
    for (auto* group : plan.groups)
        types.push_back(group->return_type);
    types.insert(types.end(), layout->result_types.begin(), layout->result_types.end() - 1);
    DataChunk values;
    values.InitializeEmpty(types);
    // A group that is not in the set is NULL.
    for (size_t g = 0; g < plan.groups.size(); ++g)
        values.data[g].Reference(duckdb::Value(types[g]));
    values.data[size_t(plan.tumble_group)].Reference(
        duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(start)));
    for (size_t i = 0; i < plan.sets[set].size(); ++i)
        values.data[size_t(key_groups[size_t(plan.sets[set][i])])].Reference(keys.data[i]);
    for (size_t a = 0; a + 1 < layout->result_types.size(); ++a)
        values.data[plan.groups.size() + a].Reference(results.data[a]);
    values.SetCardinality(keys.size());
    emit_values(set, values, to, refused);
}

// By halves, if a result does not fit.
void LiveQuery::Impl::emit_values(size_t set, DataChunk& values, BatchBuilder& to,
                                  std::vector<std::string>* refused) {
    duckdb::vector<LogicalType> out_types(plan.output_types.begin(),
                                          plan.output_types.begin() + int64_t(plan.outputs.size()));
    DataChunk out;
    out.Initialize(duckdb::Allocator::DefaultAllocator(), out_types);
    try {
        outputs->Execute(values, out);
        if (plan.sets.size() > 1) out.data.emplace_back(duckdb::Value::INTEGER(int32_t(set)));
        to.append(context(), out);
        return;
    } catch (const std::exception& e) {
        const duckdb::ErrorData error(e);
        if (!refused || !is_of_value(error.Type())) throw;
        if (values.size() == 1) {
            refused->push_back(reason_of_value(error));
            return;
        }
    }
    const auto count = values.size();
    duckdb::SelectionVector half(count);
    for (idx_t from = 0, to_row = count / 2; from < count; from = to_row, to_row = count) {
        for (idx_t i = from; i < to_row; ++i)
            half.set_index(i - from, i);
        DataChunk some;
        some.InitializeEmpty(values.GetTypes());
        some.Reference(values);
        some.Slice(half, to_row - from);
        emit_values(set, some, to, refused);
    }
}

// Groups of stored windows that have ended.
void LiveQuery::Impl::emit_ended(const TakeOptions& options, BatchBuilder& to,
                                 std::vector<std::string>* refused) {
    for (auto& [start, pane] : stored) {
        if (!is_late(start, options.watermark)) break;
        pane.results(size_t(options.memory_bytes),
                     [&, at = start](size_t set, DataChunk& keys, DataChunk& results) {
                         emit(at, set, keys, results, to, refused);
                     });
    }
}

Result<std::shared_ptr<const codec::ColumnBatch>> LiveQuery::take_changes(
    std::vector<std::string>* refused, const TakeOptions& options) {
    return guarded_run([&]() -> Result<std::shared_ptr<const codec::ColumnBatch>> {
        BatchBuilder builder(impl_->plan.output_names, impl_->plan.output_types);
        for (auto& [start, pane] : impl_->panes)
            for (size_t set = 0; set < pane.tables.size(); ++set)
                pane.tables[set].take(
                    [&](DataChunk& keys, DataChunk& results) {
                        impl_->emit(start, set, keys, results, builder, refused);
                    },
                    options.keep);
        impl_->emit_ended(options, builder, refused);
        return std::make_shared<const codec::ColumnBatch>(builder.finish());
    });
}

void LiveQuery::store_windows(bool stored) { impl_->store_new = stored; }

size_t LiveQuery::stored_windows() const { return impl_->stored.size(); }

Status LiveQuery::open_stored_windows(int64_t memory_bytes) {
    return guarded_run([&]() -> Status {
        auto& stored = impl_->stored;
        while (!stored.empty()) {
            auto& [start, rows] = *stored.begin();
            const auto needed = int64_t(rows.bytes_of_groups());
            if (needed > memory_bytes) break;
            memory_bytes -= needed;
            auto& pane = impl_->pane_of(start);
            rows.each_rows([&](DataChunk& groups_of, DataChunk& payload_of) {
                impl_->add_rows(groups_of, payload_of, pane);
            });
            stored.erase(stored.begin());
        }
        return {};
    });
}

Status LiveQuery::close_panes(Timestamp watermark) {
    return guarded([&]() -> Status {
        auto& panes = impl_->panes;
        while (!panes.empty() && impl_->is_late(panes.begin()->first, watermark))
            panes.erase(panes.begin());
        auto& stored = impl_->stored;
        while (!stored.empty() && impl_->is_late(stored.begin()->first, watermark))
            stored.erase(stored.begin());
        return {};
    });
}

Timestamp LiveQuery::oldest_open_pane() const {
    auto oldest = [](const auto& panes) {
        return panes.empty() ? std::numeric_limits<int64_t>::max() : panes.begin()->first;
    };
    return {std::min(oldest(impl_->panes), oldest(impl_->stored))};
}

size_t LiveQuery::open_panes() const { return impl_->panes.size() + impl_->stored.size(); }

size_t LiveQuery::groups() const {
    size_t n = 0;
    for (auto& [_, pane] : impl_->panes)
        for (auto& table : pane.tables)
            n += table.groups();
    return n;
}

size_t LiveQuery::memory_bytes() const {
    size_t n = 0;
    for (auto& [_, pane] : impl_->panes)
        n += pane.memory_bytes();
    return n;
}

}  // namespace tarn::sql
