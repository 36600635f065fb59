// A change of rows from its first attempt to the commit that is made.

#include "again.h"
#include "row_change.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"

namespace tarn::lake {

void Lake::interrupt() {
    MutexLock lock(impl_->running);
    impl_->stopping = true;
    for (auto* session : impl_->sessions)
        session->interrupt();
}

namespace {

// A session that interrupt() ends, as long as it lives.
class Interruptible {
  public:
    Interruptible(Lake::Impl& lake, sql::Session& session) : lake_(lake), session_(session) {
        MutexLock lock(lake_.running);
        lake_.sessions.insert(&session_);
        refused_ = lake_.stopping;
    }
    ~Interruptible() {
        MutexLock lock(lake_.running);
        lake_.sessions.erase(&session_);
    }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
    Status check() const {
        if (!refused_) return {};
        return fail(ErrorCode::kCancelled, "statements are not run any more: Tarn stops");
    }

  private:
    Lake::Impl& lake_;
    sql::Session& session_;
    bool refused_ = false;
};

Result<ChangeOutcome> attempt(Lake::Impl& lake, Entry& entry, const ChangeRequest& request,
                              RowOperation& operation) {
    auto found = lake.snapshot(request.table);
    if (!found) return fail(std::move(found).error());
    const auto snapshot = *found;
    ChangeOutcome outcome{.version = snapshot->version};
    if (request.txn) {
        MutexLock lock(entry.appending);
        TARN_TRY(outcome.duplicate,
                 lake.has_transaction(entry, *snapshot, request.table, *request.txn));
    }
    if (outcome.duplicate) {
        lake.duplicates.add();
        return outcome;
    }
    if (request.at_version >= 0 && request.at_version != snapshot->version)
        return fail(ErrorCode::kUnavailable,
                    fmt::format("table {} is at version {} now, not {}", request.table,
                                snapshot->version, request.at_version));
    TARN_RETURN_IF_ERROR(delta::check_writable(snapshot->protocol, *snapshot->metadata));
    auto& engine = request.engine ? *request.engine : lake.context.engine;
    TARN_TRY(auto rules, row_rules(engine, *snapshot));
    TARN_TRY(auto session, engine.session());
    const auto tracking = delta::row_tracking(*snapshot);
    RowChange change(lake, entry, request, snapshot, std::move(rules), std::move(session),
                     tracking && *tracking);
    const Interruptible interruptible(lake, change.session());
    TARN_RETURN_IF_ERROR(interruptible.check());
    TARN_RETURN_IF_ERROR(operation.plan(change, outcome));
    auto made = [&]() -> Status {
        TARN_TRY(auto commit, change.prepare(outcome));
        if (change.gone() > 0) {
            TARN_RETURN_IF_ERROR(check_rows_may_go(*snapshot, request.table));
            if (!tracking) return fail(Error(tracking.error()));  // their ids cannot be kept
        }
        operation.count(change, outcome);
        commit.info.operation = operation.name();
        commit.info.parameters = operation.parameters();
        commit.info.metrics = operation.metrics(outcome);
        return change.commit(std::move(commit), operation.reads_table(), outcome);
    }();
    if (!made && !outcome.committed) {
        change.discard(made.error());
        return fail(std::move(made).error());
    }
    return outcome;
}

}  // namespace

Result<ChangeOutcome> change_rows(Lake::Impl& lake, const ChangeRequest& request,
                                  RowOperation& operation) {
    TARN_TRY(auto entry, lake.entry(request.table));
    int attempts = 0;
    auto outcome = again_on_conflict(lake, [&] {
        ++attempts;
        return attempt(lake, *entry, request, operation);
    });
    if (outcome) outcome->attempts = attempts;
    return outcome;
}

}  // namespace tarn::lake
