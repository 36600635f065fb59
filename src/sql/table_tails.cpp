// A topic's table as SQL reads it: the files of its newest version, and tarn_tail(path), the
// records behind them. The tail begins where the version says and ends at what is durable at the
// statement's moment (one_instant.cpp), so each record is read once whatever is committed
// meanwhile. Records are read and decoded as the scan goes on, a piece of a partition at a time.

#include <algorithm>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "duckdb/common/string_util.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"
#include "duckdb/planner/expression/bound_between_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression/bound_comparison_expression.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

#include "delta_tables.h"
#include "delta_types.h"
#include "duck.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {

void TailRead::begin(const delta::Snapshot& version) {
    begun = true;
    none.clear();
    auto found = tail->behind(
        {.version = version.version,
         .has_rows = version.rows > 0 || version.uncounted > 0,
         .forgets = version.property("delta.setTransactionRetentionDuration") != nullptr,
         .transaction = [&](std::string_view app_id) { return version.transaction(app_id); }});
    ranges = found ? std::move(*found) : std::vector<TailRange>();
    if (!found) none = found.error().message();
}

Result<std::shared_ptr<const delta::Snapshot>> SessionState::newest(DeltaTables& known,
                                                                    const std::string& path) {
    auto& one = seen[path];
    if (one.snapshot) return one.snapshot;
    one.table = known.find(path);
    TARN_TRY(one.snapshot, one.table->refresh());
    return one.snapshot;
}

void SessionState::end_tails(bool all) {
    std::vector<TailRange*> ranges;
    const TableTail* provider = nullptr;
    for (auto& [path, read] : tails) {
        if (read->at && !all) continue;
        provider = read->tail.get();
        for (auto& range : read->ranges)
            ranges.push_back(&range);
    }
    if (!provider) return;
    const auto at = provider->end(ranges);
    for (auto& [path, read] : tails)
        if (!read->at || all) read->at = at;
}

namespace {

using duckdb::idx_t;

struct TailBind final : duckdb::TableFunctionData {
    std::shared_ptr<TailRead> read;
    std::vector<int> source;          // for each column its index in the batches
    int offset = -1, partition = -1;  // columns of these
    // What filters leave, of this scan.
    int64_t from = 0, to = INT64_MAX;
    std::optional<int64_t> only;  // partition

    bool Equals(const duckdb::FunctionData& other) const override {
        const auto& that = other.Cast<TailBind>();
        return read == that.read && from == that.from && to == that.to && only == that.only;
    }
    duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
        return duckdb::make_uniq<TailBind>(*this);
    }
    // What is left of a range; empty if nothing is.
    TailRange narrowed(TailRange range) const {
        range.from = std::max(range.from, from);
        range.until = to;
        if (only && *only != range.partition) range.to = range.from;
        return range;
    }
};

struct TailScan final : duckdb::GlobalTableFunctionState {
    std::shared_ptr<const TailRead> read;
    std::vector<TailRange> ranges;
    std::vector<int> source;  // by column of the output; −1: none of the table's
    std::atomic<size_t> next{0};
    std::atomic<int64_t> records{0};
    int64_t all = 0;
    idx_t MaxThreads() const override { return std::max<idx_t>(1, ranges.size()); }
};

struct TailPiece final : duckdb::LocalTableFunctionState {
    std::unique_ptr<TailRows> rows;
    std::shared_ptr<const AdoptedBatch> batch;
    size_t chunk = 0;
};

// Values that its flow does not write, but the table's own rules do.
bool fills_itself(const delta::Field& field) {
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"delta.generationExpression", "delta.identity.",
                                                "CURRENT_DEFAULT"},
        [&](std::string_view key) { return field.metadata.find(key) != std::string::npos; });
}

duckdb::unique_ptr<duckdb::FunctionData> bind_tail(duckdb::ClientContext& context,
                                                   duckdb::TableFunctionBindInput& input,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<std::string>& names) {
    auto state = SessionState::of(context);
    const auto path = input.inputs[0].ToString();
    const auto it = state->tails.find(path);
    if (it == state->tails.end())
        throw duckdb::BinderException("%s() is not for users' SQL", kTailFunction);
    auto& read = *it->second;
    auto version = state->newest(input.info->Cast<DeltaTables>(), path);
    if (!version) throw_error(version.error());
    if (!(*version)->schema) throw duckdb::IOException("Delta table %s has no schema", path);
    if (!read.begun) read.begin(**version);
    auto bind = duckdb::make_uniq<TailBind>();
    bind->read = it->second;
    const auto& written = read.tail->schema();
    std::string differs;
    for (const auto& field : (*version)->schema->fields) {
        const auto column = std::ranges::find(written, field.name, &codec::ColumnSpec::name);
        if (column == written.end()) {
            if (fills_itself(field))
                differs = fmt::format("column {} is filled when rows are committed", field.name);
            continue;
        }
        const auto type = duck_type(field.type);
        if (type != to_logical(column->type))
            differs = fmt::format("column {} is {} in the table, {} in what its flow writes",
                                  field.name, type.ToString(), to_logical(column->type).ToString());
        if (field.name == "_offset") bind->offset = int(names.size());
        if (field.name == "_partition") bind->partition = int(names.size());
        names.push_back(field.name);
        types.push_back(type);
        bind->source.push_back(int(column - written.begin()));
    }
    if (names.empty()) {
        differs = "the table has no column of those that its flow writes";
        const auto& first = (*version)->schema->fields.at(0);
        names.push_back(first.name);
        types.push_back(duck_type(first.type));
        bind->source.push_back(-1);
    }
    if (!differs.empty()) {
        read.none = std::move(differs);
        read.ranges.clear();
    }
    return bind;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> start_tail(
    duckdb::ClientContext& context, duckdb::TableFunctionInitInput& input) {
    const auto& bind = input.bind_data->Cast<TailBind>();
    if (!bind.read->at) SessionState::of(context)->end_tails(false);
    auto scan = duckdb::make_uniq<TailScan>();
    scan->read = bind.read;
    for (const auto& range : bind.read->ranges) {
        scan->all += std::max<int64_t>(0, range.to - range.from);
        if (const auto left = bind.narrowed(range); left.from < std::min(left.to, left.until))
            scan->ranges.push_back(left);
    }
    for (const auto id : input.column_ids)
        scan->source.push_back(duckdb::IsVirtualColumn(id) ? -1 : bind.source[id]);
    return scan;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> start_piece(duckdb::ExecutionContext&,
                                                                duckdb::TableFunctionInitInput&,
                                                                duckdb::GlobalTableFunctionState*) {
    return duckdb::make_uniq<TailPiece>();
}

void next_rows(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
               duckdb::DataChunk& out) {
    auto& scan = input.global_state->Cast<TailScan>();
    auto& piece = input.local_state->Cast<TailPiece>();
    while (!piece.batch || piece.chunk >= piece.batch->chunks()) {
        if (context.interrupted) throw duckdb::InterruptException();
        piece.batch.reset();
        if (!piece.rows) {
            const auto at = scan.next++;
            if (at >= scan.ranges.size()) return;
            auto rows = scan.read->tail->read(scan.ranges[at], *scan.read->at);
            if (!rows) throw_error(rows.error());
            piece.rows = std::move(*rows);
        }
        auto batch = piece.rows->next();
        if (!batch) throw_error(batch.error());
        if (!*batch) {
            piece.rows.reset();
            continue;
        }
        scan.records += int64_t((*batch)->row_count);
        std::vector<int> columns;
        for (const int column : scan.source)
            if (column >= 0) columns.push_back(column);
        piece.batch = std::make_shared<AdoptedBatch>(std::move(*batch), columns);
        piece.chunk = 0;
    }
    for (size_t i = 0; i < scan.source.size(); ++i)
        if (scan.source[i] >= 0) piece.batch->reference(piece.chunk, scan.source[i], out.data[i]);
    out.SetCardinality(piece.batch->chunk_rows(piece.chunk++));
}

duckdb::unique_ptr<duckdb::NodeStatistics> tail_rows(duckdb::ClientContext&,
                                                     const duckdb::FunctionData* data) {
    int64_t rows = 0;
    for (const auto& range : data->Cast<TailBind>().read->ranges)
        rows += std::max<int64_t>(0, range.to - range.from);
    return duckdb::make_uniq<duckdb::NodeStatistics>(idx_t(rows));
}

// Bounds of the offset, and the partition. The filters stay in the plan.
struct Narrowing {
    const duckdb::LogicalGet& get;
    TailBind& bind;

    std::optional<int> column(const duckdb::Expression& e) const {
        if (e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST) return std::nullopt;
        if (e.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF)
            return std::nullopt;
        const auto& binding = e.Cast<duckdb::BoundColumnRefExpression>().binding;
        const auto& ids = get.GetColumnIds();
        if (binding.table_index != get.table_index || binding.column_index >= ids.size())
            return std::nullopt;
        return int(ids[binding.column_index].GetPrimaryIndex());
    }
    void compare(const duckdb::Expression& left, duckdb::ExpressionType type,
                 const duckdb::Expression& right) const {
        using T = duckdb::ExpressionType;
        const auto of = column(left);
        if (!of || right.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return;
        const auto& value = right.Cast<duckdb::BoundConstantExpression>().value;
        if (value.IsNull() || !value.type().IsIntegral()) return;
        duckdb::Value whole;
        if (!value.DefaultTryCastAs(duckdb::LogicalType::BIGINT, whole, nullptr)) return;
        const auto n = whole.GetValue<int64_t>();
        if (*of == bind.partition && type == T::COMPARE_EQUAL) bind.only = n;
        if (*of != bind.offset || n == INT64_MAX) return;
        if (type == T::COMPARE_EQUAL || type == T::COMPARE_GREATERTHANOREQUALTO)
            bind.from = std::max(bind.from, n);
        if (type == T::COMPARE_GREATERTHAN) bind.from = std::max(bind.from, n + 1);
        if (type == T::COMPARE_EQUAL || type == T::COMPARE_LESSTHANOREQUALTO)
            bind.to = std::min(bind.to, n + 1);
        if (type == T::COMPARE_LESSTHAN) bind.to = std::min(bind.to, n);
    }
};

void narrow(duckdb::ClientContext&, duckdb::LogicalGet& get, duckdb::FunctionData* data,
            duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
    const Narrowing to{get, data->Cast<TailBind>()};
    for (const auto& filter : filters) {
        if (filter->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COMPARISON) {
            const auto& c = filter->Cast<duckdb::BoundComparisonExpression>();
            to.compare(*c.left, filter->GetExpressionType(), *c.right);
            to.compare(*c.right, duckdb::FlipComparisonExpression(filter->GetExpressionType()),
                       *c.left);
        } else if (filter->GetExpressionClass() == duckdb::ExpressionClass::BOUND_BETWEEN) {
            const auto& b = filter->Cast<duckdb::BoundBetweenExpression>();
            to.compare(*b.input, b.LowerComparisonType(), *b.lower);
            to.compare(*b.input, b.UpperComparisonType(), *b.upper);
        }
    }
}

duckdb::InsertionOrderPreservingMap<std::string> told(const TailRead& read) {
    duckdb::InsertionOrderPreservingMap<std::string> out;
    if (!read.none.empty())
        out["Tail"] = "none: " + read.none;
    else
        out["Tail"] = "what the log has behind the version";
    return out;
}

duckdb::InsertionOrderPreservingMap<std::string> explain(
    duckdb::TableFunctionToStringInput& input) {
    return told(*input.bind_data->Cast<TailBind>().read);
}

duckdb::InsertionOrderPreservingMap<std::string> records_read(
    duckdb::TableFunctionDynamicToStringInput& input) {
    if (!input.global_state) return {};
    const auto& scan = input.global_state->Cast<TailScan>();
    auto out = told(*scan.read);
    if (scan.read->none.empty())
        out["Records Read"] = duckdb::StringUtil::Format("%d of %d", scan.records.load(), scan.all);
    return out;
}

}  // namespace

void register_tails(Engine::Impl& engine) {
    duckdb::TableFunction function(kTailFunction, {duckdb::LogicalType::VARCHAR}, next_rows,
                                   bind_tail, start_tail, start_piece);
    function.projection_pushdown = true;
    function.cardinality = tail_rows;
    function.pushdown_complex_filter = narrow;
    function.to_string = explain;
    function.dynamic_to_string = records_read;
    function.function_info = engine.delta_tables;
    duckdb::ExtensionLoader(engine.instance(), "tarn").RegisterFunction(std::move(function));
}

duckdb::unique_ptr<duckdb::TableRef> with_tail(duckdb::ClientContext& context,
                                               const DeltaTableRef& table,
                                               const std::string& alias) {
    auto& read = SessionState::of(context)->tails[table.path];
    if (!read) read = std::make_shared<TailRead>(TailRead{.tail = table.tail});
    const auto path = quoted_text(table.path);
    duckdb::Parser parser(context.GetParserOptions());
    parser.ParseQuery(fmt::format("SELECT * FROM {}({}) UNION ALL BY NAME SELECT * FROM {}({})",
                                  kDeltaScanFunction, path, kTailFunction, path));
    return duckdb::make_uniq<duckdb::SubqueryRef>(
        duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
            std::move(parser.statements[0])),
        alias);
}

}  // namespace tarn::sql
