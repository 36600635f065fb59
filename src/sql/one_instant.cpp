// Several tables in one statement are read as they were at one instant. Each is read when the
// binder meets it; before the plan is optimised all are looked at again. If none has moved on, all
// of them were the newest when the last was read. Else the statement is planned again with versions
// that agree, found in the same way. The ends of tails are taken before tables are looked at again:
// where none has moved on, all were the newest at the moment of the ends. What a statement of
// several queries has read before stays as it is.

#include "duckdb/optimizer/optimizer_extension.hpp"

#include "duck.h"

namespace tarn::sql {

namespace {

// False: one has a newer version than was seen, which is what is seen now.
Result<bool> stands(SessionState& state) {
    bool all = true;
    for (auto& [path, seen] : state.seen) {
        if (seen.stays) continue;
        TARN_TRY(auto newest, seen.table->refresh());
        if (newest->version == seen.snapshot->version) continue;
        all = false;
        seen.snapshot = std::move(newest);
    }
    return all;
}

}  // namespace

Status SessionState::agree() {
    constexpr int kMostRounds = 64;
    for (int round = 0; round < kMostRounds; ++round) {
        for (auto& [path, tail] : tails)
            if (const auto it = seen.find(path); it != seen.end() && it->second.snapshot)
                tail->begin(*it->second.snapshot);
        end_tails(true);
        TARN_TRY(const bool agreed, stands(*this));
        if (agreed) break;
    }
    instant = Instant::kAgreed;
    return {};
}

void register_instant_check(duckdb::DatabaseInstance& db) {
    duckdb::OptimizerExtension extension;
    extension.pre_optimize_function = [](duckdb::OptimizerExtensionInput& input,
                                         duckdb::unique_ptr<duckdb::LogicalOperator>&) {
        auto& state = *SessionState::of(input.context);
        state.end_tails(false);
        if (state.instant != SessionState::Instant::kAsked || state.seen.size() < 2) return;
        const auto stood = stands(state);
        if (!stood) throw_error(stood.error());
        if (*stood) return;
        state.instant = SessionState::Instant::kMoved;
        throw duckdb::TransactionException("tables moved on while they were read");
    };
    duckdb::OptimizerExtension::Register(duckdb::DBConfig::GetConfig(db), extension);
}

}  // namespace tarn::sql
