// What follows a commit that is made.

#include <charconv>

#include "lake_impl.h"

namespace tarn::lake {
namespace {

constexpr int64_t kDefaultCheckpointInterval = 10;  // delta.checkpointInterval
constexpr int64_t kCleanEveryMs = 60 * 60 * 1000;   // of one table's log
constexpr int64_t kAheadMs = 60 * 1000;             // of the clock: worth saying

}  // namespace

int64_t integer_property(const delta::Snapshot& snapshot, std::string_view key, int64_t otherwise) {
    auto text = snapshot.property(key);
    if (!text) return otherwise;
    int64_t value = otherwise;
    std::from_chars(text->data(), text->data() + text->size(), value);
    return value;
}

// The times of a table's commits grow, whatever the clock does: one that went back by an hour is an
// hour behind them.
void Lake::Impl::look_at_time(Entry& entry, const std::string& table,
                              const delta::Snapshot& snapshot) {
    const auto ahead_ms = snapshot.commit_ms - context.clock.now().ms();
    if (ahead_ms <= kAheadMs) return;
    ahead.add();
    if (std::exchange(entry.told_ahead, true)) return;
    context.logger.warn(
        "the commits of a table are ahead of the clock, which has gone back or is wrong: their "
        "times grow by a millisecond each until it has caught up",
        {{"table", table},
         {"version", snapshot.version},
         {"ahead", format_duration(Duration::millis(ahead_ms))}});
}

Status Lake::Impl::checkpoint(Entry& entry, const std::string& table,
                              std::shared_ptr<const delta::Snapshot> of) {
    auto made = [&]() -> Status {
        const auto now_ms = context.clock.now().ms();
        TARN_RETURN_IF_ERROR(entry.table.write_checkpoint(
            {.now_ms = now_ms, .new_id = [this] { return new_uuid(); }, .of = std::move(of)},
            steps()));
        const auto cleaned_ms = entry.cleaned_ms.load();
        if (cleaned_ms != INT64_MIN && now_ms - cleaned_ms < kCleanEveryMs) return {};
        TARN_TRY(auto removed, entry.table.clean_log(now_ms, held(table), steps()));
        entry.cleaned_ms = now_ms;
        if (removed > 0)
            context.logger.info("removed expired files of a table's log",
                                {{"table", table}, {"files", removed}});
        return {};
    }();
    if (made) return {};
    checkpoint_failures.add();
    context.logger.warn("checkpoint of a table failed; its commits are complete without it",
                        {{"table", table}, {"error", made.error()}});
    return made.error().code() == ErrorCode::kCancelled ? made : Status();
}

void Lake::Impl::note_checksum(const std::string& path, const std::string& text) {
    auto put = context.fs.put_if_absent(path, text);
    if (put || put.error().code() == ErrorCode::kAlreadyExists || told_checksum.exchange(true))
        return;
    context.logger.warn("the checksum of a table's version was not written; it is not needed",
                        {{"path", path}, {"error", put.error()}});
}

Status Lake::Impl::after_commit(Entry& entry, const std::string& table,
                                const delta::Snapshot& snapshot) {
    look_at_time(entry, table, snapshot);
    if (auto error = entry.table.take_checksum_error())
        context.logger.warn("the checksum of a table's version was not written; it is not needed",
                            {{"table", table}, {"error", *error}});
    const auto interval =
        integer_property(snapshot, "delta.checkpointInterval", kDefaultCheckpointInterval);
    if (interval <= 0 || snapshot.version % interval != 0 || snapshot.version == 0) return {};
    if (!later) return checkpoint(entry, table, nullptr);
    TARN_TRY(auto held, this->entry(table));
    auto of = entry.table.snapshot();
    later->put("checkpoint of " + table, [this, held = std::move(held), table, of = std::move(of)] {
        try {
            (void)checkpoint(*held, table, of);
        } catch (const std::exception& e) {  // no memory
            checkpoint_failures.add();
            context.logger.warn("checkpoint of a table failed; its commits are complete without it",
                                {{"table", table}, {"error", std::string(e.what())}});
        }
    });
    return {};
}

void Lake::Impl::pause(Duration about) {
    double part = 0;
    {
        MutexLock lock(mutex);
        part = context.random.unit();
    }
    context.clock.sleep(Duration::micros(int64_t(double(about.us) * (0.5 + part))));
}

}  // namespace tarn::lake
