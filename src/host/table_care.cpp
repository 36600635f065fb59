#include "tarn/host/table_care.h"

#include <fmt/format.h>

#include "tarn/lake/change_rows.h"
#include "tarn/lake/maintain.h"
#include "tarn/project/project.h"
#include "tarn/sql/quote.h"

namespace tarn::host {
namespace {

constexpr auto kFirst = Duration::seconds(60);  // after the start, or after a table's first sight
constexpr auto kLook = Duration::seconds(10);   // for what is due
constexpr auto kRetainEvery = Duration::seconds(3600);
constexpr int kPartOfTime = 4;
constexpr int kFewFiles = 4;  // that are worth being one

constexpr project::Key kRuleKeys[] = {
    {.name = "compact",
     .form = project::Form::kDuration,
     .text = "How often small files of the table become large ones (`tarn table optimize` does it "
             "by hand). Without it they stay as they were written.",
     .example = "1h",
     .min = Duration::seconds(1).us,
     .word = "never"},
    {.name = "vacuum",
     .form = project::Form::kDuration,
     .text = "How often files go that no version needs any more which is younger than the table's "
             "`delta.deletedFileRetentionDuration` (7 days).",
     .example = "1d",
     .min = Duration::seconds(1).us,
     .word = "never"},
    {.name = "retain",
     .form = project::Form::kDuration,
     .text = "How long rows are kept; older ones are deleted, by whole hours, once an hour.",
     .example = "90d",
     .min = Duration::seconds(3600).us,
     .word = "forever"},
    {.name = "retain_by",
     .default_value = "_ingested_at",
     .text = "The column with the time that `retain` counts from. A row without one stays.",
     .example = "event_time"},
};
constexpr project::Key kMaintainKeys[] = {
    kRuleKeys[0],
    kRuleKeys[1],
    {.name = "tables",
     .form = project::Form::kNamed,
     .text = "Tables, as schema.table, that have a rule of their own; what it leaves out is as for "
             "all.",
     .example = "{bronze.clicks: {compact: 1h, retain: 90d}}",
     .keys = kRuleKeys,
     .one = "table"},
};

void take(const project::Values& values, std::string_view key, std::optional<Duration>& to) {
    if (!values.has(key)) return;
    const auto written = values.duration(key);
    to = written.us < 0 ? std::nullopt : std::optional(written);
}

Status load(const project::Values& file, project::Project& project) {
    CarePlan plan;
    const auto all = file.map("maintain");
    take(all, "compact", plan.all.compact);
    take(all, "vacuum", plan.all.vacuum);
    for (const auto& [name, values] : all.named("tables")) {
        auto rule = plan.all;
        take(values, "compact", rule.compact);
        take(values, "vacuum", rule.vacuum);
        take(values, "retain", rule.retain);
        rule.retain_by = values.text("retain_by");
        plan.tables.emplace(name, std::move(rule));
    }
    project.sections["maintain"] = std::move(plan);
    return {};
}

constexpr std::string_view kExample = R"(maintain:
  compact: 1h
  vacuum: 1d
  tables:
    bronze.clicks: {retain: 90d}
)";

constexpr project::Section kSections[] = {
    {.key = {.name = "maintain",
             .form = project::Form::kMap,
             .text = "What Tarn does by itself to keep tables fast and small "
                     "([care of tables](../maintenance.md)). Without it, nothing.",
             .keys = kMaintainKeys},
     .example = kExample,
     .load = load}};

}  // namespace

const CareRule& CarePlan::of(std::string_view table) const {
    const auto own = tables.find(table);
    return own == tables.end() ? all : own->second;
}

std::span<const project::Section> maintain_sections() { return kSections; }

CarePlan care_plan(const project::Project& project) {
    const auto* plan = project.section<CarePlan>("maintain");
    return plan ? *plan : CarePlan{};
}

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
    CarePlan plan;
    {
        MutexLock lock(mutex_);
        plan = plan_;
    }
    for (const auto& table : context_.lake.tables()) {
        const auto& rule = plan.of(table);
        // Rows go first: what is left is packed.
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
    due = now + every->us;
    const auto done = verb == Verb::kCompact  ? compact(table, *every)
                      : verb == Verb::kVacuum ? vacuum(table)
                                              : retain(table, rule);
    if (done || stopping()) return;
    failures_.add();
    if (said_.insert(table + ": " + done.error().message()).second)
        context_.logger.warn("a table could not be seen to; it is tried again",
                             {{"table", table}, {"reason", done.error()}});
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

}  // namespace tarn::host
