#include "tarn/host/table_care.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/base/memory_level.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/quote.h"

namespace tarn::host {
namespace {

constexpr auto kFirst = Duration::seconds(60);  // after the start, or after a table's first sight
constexpr auto kLook = Duration::seconds(10);   // for what is due
constexpr auto kRetainEvery = Duration::seconds(3600);
constexpr auto kPurgeEvery = Duration::seconds(600);
constexpr int kPartOfTime = 4;
constexpr int kFewFiles = 4;  // that are worth being one

using project::CarePlan;
using project::CareRule;

}  // namespace

TableCare::TableCare(TableCareContext context)
    : context_(std::move(context)),
      packed_(context_.metrics.counter("tarn_maintain_packed_files_total",
                                       "Small files that care of tables made into large ones.")),
      freed_(context_.metrics.counter("tarn_maintain_freed_bytes_total",
                                      "Bytes of files that no version needed any more.")),
      failures_(context_.metrics.counter("tarn_maintain_failures_total",
                                         "Tables that care of tables could not see to.")) {}

void TableCare::set(CarePlan plan) {
    MutexLock lock(mutex_);
    plan_ = std::move(plan);
    wake_.notify_all();
}

void TableCare::start() {
    thread_ = std::thread([this] { run(); });
}

void TableCare::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

bool TableCare::stopping() const {
    MutexLock lock(mutex_);
    return stopping_;
}

void TableCare::run() {
    while (!stopping()) {
        step();
        MutexLock lock(mutex_);
        if (!stopping_) wake_.wait_for(mutex_, kLook);
    }
}

void TableCare::step() {
    purge();
    CarePlan plan;
    {
        MutexLock lock(mutex_);
        plan = plan_;
    }
    if (plan.empty()) {
        due_.clear();
        std::erase_if(said_, [](const auto& one) { return one.first.second != Verb::kPurge; });
        return;
    }
    const auto tables = context_.lake.tables();
    const auto gone = [&](const auto& one) {
        return one.first.second != Verb::kPurge &&
               std::ranges::find(tables, one.first.first) == tables.end();
    };
    std::erase_if(due_, gone);
    std::erase_if(said_, gone);
    for (const auto& table : tables) {
        const auto& rule = plan.of(table);
        // Tables go first, then rows: what is left is packed.
        look(table, Verb::kClones,
             rule.clones ? std::optional(std::min(kRetainEvery, *rule.clones)) : std::nullopt,
             rule);
        look(table, Verb::kRetain, rule.retain ? std::optional(kRetainEvery) : std::nullopt, rule);
        look(table, Verb::kCompact, rule.compact, rule);
        look(table, Verb::kVacuum, rule.vacuum, rule);
    }
}

void TableCare::look(const std::string& table, Verb verb, std::optional<Duration> every,
                     const CareRule& rule) {
    const auto key = std::pair(table, verb);
    if (!every) {
        due_.erase(key);
        return;
    }
    const auto now = context_.clock.monotonic_us();
    auto& due = due_.try_emplace(key, now + std::min(kFirst, *every).us).first->second;
    due = std::min(due, now + every->us);  // it may be more often now
    if (now < due || stopping()) return;
    const bool waits = verb == Verb::kCompact && now < due + every->us &&
                       memory_level(context_.memory.get()) >= MemoryLevel::kShort;
    if (waits) return;
    due = now + every->us;
    const auto done = verb == Verb::kCompact  ? compact(table, *every)
                      : verb == Verb::kVacuum ? vacuum(table)
                      : verb == Verb::kClones ? clones(table, rule)
                                              : retain(table, rule);
    if (stopping()) return;
    if (done)
        said_.erase(key);
    else
        say(key, done.error());
}

// Once, until it is another reason or has gone well.
void TableCare::say(const std::pair<std::string, Verb>& of, const Error& error) {
    failures_.add();
    if (std::exchange(said_[of], error.message()) == error.message()) return;
    context_.logger.warn("a table could not be seen to; it is tried again",
                         {{"table", of.first}, {"reason", error}});
}

void TableCare::purge() {
    const auto now = context_.clock.monotonic_us();
    if (!purge_at_) purge_at_ = now + kFirst.us;
    if (now < *purge_at_ || stopping()) return;
    purge_at_ = now + kPurgeEvery.us;
    const std::pair<std::string, Verb> key("dropped tables", Verb::kPurge);
    const auto gone = context_.lake.purge_dropped();
    if (!gone) return say(key, gone.error());
    said_.erase(key);
    for (const auto& table : *gone) {
        freed_.add(double(table.bytes));
        context_.logger.info("removed a dropped table, whose time to be brought back is over",
                             {{"table", table.name}, {"bytes", table.bytes}});
    }
}

Status TableCare::compact(const std::string& table, Duration every) {
    const auto start = context_.clock.monotonic_us();
    lake::OptimizeRequest request;
    request.table = table;
    request.min_files = kFewFiles;
    request.go_on = [&] {
        return !stopping() && context_.clock.monotonic_us() - start < every.us / kPartOfTime;
    };
    TARN_TRY(const auto made, context_.lake.optimize(request));
    if (made.files_removed == 0) return {};
    packed_.add(double(made.files_removed));
    context_.logger.info("packed small files of a table", {{"table", table},
                                                           {"files", made.files_removed},
                                                           {"into", made.files_added},
                                                           {"bytes", made.bytes_added}});
    return {};
}

Status TableCare::vacuum(const std::string& table) {
    lake::VacuumRequest request;
    request.table = table;
    TARN_TRY(const auto made, context_.lake.vacuum(request));
    if (made.files == 0) return {};
    freed_.add(double(made.bytes));
    context_.logger.info("removed files that no version of a table needs",
                         {{"table", table}, {"files", made.files}, {"bytes", made.bytes}});
    return {};
}

Status TableCare::retain(const std::string& table, const CareRule& rule) {
    const auto hour = Duration::seconds(3600).us;
    const auto before = (context_.clock.now().us - rule.retain->us) / hour * hour;
    lake::DeleteRequest request;
    request.table = table;
    request.engine = &context_.engine;
    request.where = fmt::format("{} < TIMESTAMPTZ {}", sql::quoted_name(rule.retain_by),
                                sql::quoted_text(format_rfc3339(Timestamp{before})));
    TARN_TRY(const auto made, context_.lake.delete_rows(request));
    if (made.deleted == 0) return {};
    context_.logger.info("deleted rows of a table that are older than it keeps",
                         {{"table", table}, {"rows", made.deleted}, {"by", rule.retain_by}});
    return {};
}

Status TableCare::clones(const std::string& table, const CareRule& rule) {
    if (!context_.drop) return {};
    TARN_TRY(const auto of, context_.lake.clone_of(table));
    if (!of || !of->shallow || of->made.us + rule.clones->us > context_.clock.now().us) return {};
    TARN_RETURN_IF_ERROR(context_.drop(flow::table_node(table), flow::Dropped::kKept));
    context_.logger.info(
        "dropped a shallow clone that has become too old; for a while it can be "
        "brought back",
        {{"table", table}, {"source", of->source}});
    return {};
}

}  // namespace tarn::host
