#include "faults.h"

#include <signal.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tarn/demo/demo.h"
#include "tarn/io/quota.h"

namespace tarn::demo {
namespace {

constexpr Duration kRecoverWithin = Duration::seconds(60);
constexpr Duration kDiskFullFor = Duration::seconds(5);
constexpr Duration kHeldFrom = Duration::seconds(2);  // after which held producers are counted
constexpr Duration kProducerRuns = Duration::seconds(4);
constexpr int kProducerRate = 50;

nlohmann::json flows_of(const FaultWorld& world) {
    auto answer = world.api().get("/api/v1/flows");
    return answer ? answer->value("flows", nlohmann::json::array()) : nlohmann::json::array();
}

// "1,234 events acknowledged, 0 lost, 0 duplicated" once the ledger knows.
std::optional<std::string> ledger_words(const FaultWorld& world) {
    auto ledger = world.api().get("/api/v1/ledger");
    if (!ledger) return std::nullopt;
    auto number = [&](const char* key) {
        auto& value = (*ledger)[key];
        return value.is_number_integer() ? std::optional(value.get<int64_t>()) : std::nullopt;
    };
    auto acknowledged = number("acknowledged"), lost = number("lost"), twice = number("duplicated");
    if (!acknowledged || !lost || !twice) return std::nullopt;
    return fmt::format("{} events acknowledged so far, {} lost, {} duplicated",
                       with_commas(*acknowledged), with_commas(*lost), with_commas(*twice));
}

std::string seconds(Duration d) { return fmt::format("{:.2f} s", d.sec()); }

// A full disk: the data folder's quota becomes what lies in it now.
class DiskFault final : public Fault {
  public:
    using Fault::Fault;
    std::string_view name() const override { return "fill-disk"; }
    std::string_view what() const override {
        return "Sets the data folder's quota to what lies in it, for five seconds: every write of "
               "the log, the tables and the flows fails as on a full disk.";
    }
    void lift() override { (void)world_.fs.remove(world_.data + "/QUOTA"); }

  protected:
    Status start() override {
        waited_.clear();
        reason_.clear();
        held_from_ = -1;
        acknowledged_ = 0;
        return world_.fs.replace(world_.data + "/QUOTA",
                                 fmt::format("{}\n", io::folder_bytes(world_.fs, world_.data)));
    }
    bool lasts() override {
        auto elapsed = world_.clock.monotonic_us() - since_us_;
        if (auto producers = read_producers(world_.fs, world_.data)) {
            if (held_from_ < 0 && elapsed >= kHeldFrom.us) held_from_ = producers->acknowledged;
            if (held_from_ >= 0) acknowledged_ = producers->acknowledged - held_from_;
        }
        for (auto& flow : flows_of(world_)) {
            if (flow.value("state", "") != "retrying") continue;
            waited_.insert(flow.value("name", "?"));
            if (reason_.empty()) reason_ = flow.value("reason", "");
        }
        if (elapsed < kDiskFullFor.us) return true;
        lift();
        lifted_ = world_.clock.now();
        return false;
    }
    std::optional<std::string> recovered(bool late) override {
        auto flows = flows_of(world_);
        auto after = format_rfc3339(lifted_);
        bool all = !flows.empty() && std::ranges::all_of(flows, [&](auto& flow) {
            auto& commit = flow["last_commit"];
            return flow.value("state", "") != "retrying" &&
                   (!waited_.contains(flow.value("name", "")) ||
                    (commit.is_string() && commit.template get<std::string>() > after));
        });
        if (!late && !all) return std::nullopt;
        auto words = ledger_words(world_);
        if (!late && !words) return std::nullopt;
        recovery_ = Duration{world_.clock.monotonic_us() - over_us_};
        return fmt::format(
            "The disk took no more writes for {}: producers were refused with an error they retry "
            "({} events "
            "acknowledged in its last {}), {} flows waited and said why{}; {} after there was room "
            "{}; {}.",
            seconds(kDiskFullFor), with_commas(acknowledged_), seconds(kDiskFullFor - kHeldFrom),
            waited_.size(), reason_.empty() ? "" : fmt::format(" (\"{}\")", reason_),
            seconds(*recovery_), all ? "all of them went on" : "some still waited",
            words.value_or("the ledger does not add up yet"));
    }

  private:
    std::set<std::string> waited_;
    std::string reason_;
    int64_t held_from_ = -1, acknowledged_ = 0;
    Timestamp lifted_;
};

// A producer of the fault's own, whose events can be told by their places in the log.
class ProducerFault : public Fault {
  public:
    using Fault::Fault;
    void lift() override {
        if (child_) child_->signal(SIGTERM);
    }

  protected:
    virtual std::vector<std::string> arguments() const = 0;
    Status start() override {
        sums_ = nlohmann::json::object();
        auto number = world_.clock.now().us / 1000;
        folder_ = fmt::format("{}/demo/{}-{}", world_.data, name(), number);
        std::vector<std::string> all = {
            host::own_path(), "demo-generator", "--kafka", world_.serving.kafka, "--ledger",
            folder_, "--rate", fmt::format("{}", kProducerRate), "--seed",
            fmt::format("{}", uint64_t(number) % 1'000'000), "--for",
            format_duration(kProducerRuns),
            // Ids of its own: the usual producer's begin at 100,000.
            "--first-round", fmt::format("{}", 500'000 + number % 400'000)};
        for (auto& argument : arguments())
            all.push_back(argument);
        TARN_TRY(child_, host::Child::start(all, true));
        return {};
    }
    bool lasts() override {
        auto end = child_->wait(Duration::millis(0));
        if (!end) return true;
        if (auto line = child_->read_line(Duration::millis(200))) {
            auto json = nlohmann::json::parse(*line, nullptr, false);
            if (json.is_object()) sums_ = json;
        }
        child_.reset();
        world_.producer_ended(sums_);
        return false;
    }
    int64_t acknowledged() const { return sums_.value("acknowledged", int64_t(0)); }

    // The rows of a query in which {sent} stands for a relation of the events' places: p, first, n.
    Result<nlohmann::json> rows(std::string_view query) {
        TARN_TRY(auto text, world_.fs.read_all(folder_ + "/acknowledged.csv"));
        std::string sent;
        std::string_view rest = text;
        rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
        while (!rest.empty()) {
            auto line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
            auto comma = line.find(','), second = line.find(',', comma + 1);
            auto third = line.find(',', second + 1);
            if (third == line.npos) continue;
            sent += fmt::format("{}({})", sent.empty() ? "" : ", ", line.substr(0, third));
        }
        if (sent.empty())
            return fail(ErrorCode::kUnavailable, "nothing was acknowledged to this producer");
        auto sql = fmt::format("with sent(p, first, n) as (values {}) {}", sent, query);
        TARN_TRY(auto answer, world_.api().post("/api/v1/sql", {{"sql", sql}}));
        return answer.value("rows", nlohmann::json::array());
    }

    nlohmann::json sums_;

  private:
    std::string folder_;
    std::optional<host::Child> child_;
};

class BrokenFault final : public ProducerFault {
  public:
    using ProducerFault::ProducerFault;
    std::string_view name() const override { return "break-producer"; }
    std::string_view what() const override {
        return "Starts a second producer for four seconds, all of whose events are broken: cut, of "
               "a wrong type, with a field missing, or no JSON at all.";
    }

  protected:
    std::vector<std::string> arguments() const override { return {"--broken", "1", "--late", "0"}; }
    std::optional<std::string> recovered(bool late) override {
        auto reasons = rows(
            "select reason, count(*) as n "
            "from table_read('dead_letters.clicks', tail => false), sent "
            "where source_partition = p and source_offset >= first and source_offset < first + n "
            "group by reason "
            "order by n desc, reason");
        if (!reasons && !late) return std::nullopt;
        int64_t stored = 0;
        std::vector<std::string> words;
        for (auto& row : reasons ? *reasons : nlohmann::json::array()) {
            auto n = row.value("n", int64_t(0));
            stored += n;
            if (words.size() < 3)
                words.push_back(fmt::format("{} × {}", n, row.value("reason", "")));
        }
        if (stored < acknowledged() && !late) return std::nullopt;
        auto ledger = ledger_words(world_);
        if (!ledger && !late) return std::nullopt;
        recovery_ = Duration{world_.clock.monotonic_us() - over_us_};
        return fmt::format(
            "A producer sent {} broken events: {} lie in dead_letters.clicks with their bytes and "
            "the reason ({}), and no flow stopped; {}.",
            acknowledged(), stored == acknowledged() ? "all" : fmt::format("{}", stored),
            fmt::join(words, "; "), ledger.value_or("the ledger does not add up yet"));
    }
};

class LateFault final : public ProducerFault {
  public:
    using ProducerFault::ProducerFault;
    std::string_view name() const override { return "late-source"; }
    std::string_view what() const override {
        return "Starts a second producer for four seconds whose clicks were made 25 to 60 seconds "
               "ago: beyond the watermark.";
    }

  protected:
    std::vector<std::string> arguments() const override {
        return {"--late", "1", "--late-from", "25s", "--broken", "0"};
    }
    std::optional<std::string> recovered(bool late) override {
        auto counts = rows(
            "select (select count(*) from table_read('late.clicks', tail => false), sent "
            "where source_partition = p and source_offset >= first and source_offset < first + n) "
            "as late, "
            "(select count(*) from table_read('bronze.clicks', tail => false), sent "
            "where _partition = p and _offset >= first and _offset < first + n) as bronze");
        if (!counts && !late) return std::nullopt;
        int64_t aside = 0, bronze = 0;
        if (counts && !counts->empty()) {
            aside = counts->front().value("late", int64_t(0));
            bronze = counts->front().value("bronze", int64_t(0));
        }
        if ((aside < acknowledged() || bronze < acknowledged()) && !late) return std::nullopt;
        auto ledger = ledger_words(world_);
        if (!ledger && !late) return std::nullopt;
        recovery_ = Duration{world_.clock.monotonic_us() - over_us_};
        return fmt::format(
            "A source sent {} clicks 25 to 60 seconds late: {} lie in late.clicks with the "
            "watermark they missed, {} in bronze.clicks, and no closed window changed; {}.",
            acknowledged(), aside, bronze, ledger.value_or("the ledger does not add up yet"));
    }
};

}  // namespace

std::string with_commas(int64_t n) {
    auto text = fmt::format("{}", n);
    for (auto at = int(text.size()) - 3; at > (n < 0 ? 1 : 0); at -= 3)
        text.insert(size_t(at), ",");
    return text;
}

Status Fault::begin() {
    since_ = world_.clock.now();
    since_us_ = world_.clock.monotonic_us();
    recovery_.reset();
    TARN_RETURN_IF_ERROR(start());
    outcome_.clear();
    state_ = State::kRunning;
    return {};
}

bool Fault::step() {
    if (state_ == State::kRunning && !lasts()) {
        over_us_ = world_.clock.monotonic_us();
        state_ = State::kRecovering;
        return true;
    }
    if (state_ != State::kRecovering) return false;
    auto sentence = recovered(world_.clock.monotonic_us() - over_us_ > kRecoverWithin.us);
    if (!sentence) return false;
    outcome_ = std::move(*sentence);
    state_ = State::kIdle;
    return true;
}

Status KillFault::start() {
    end_.clear();
    down_.reset();
    first_commit_.reset();
    if (!outside_) world_.signal_server(SIGKILL);
    return {};
}

void KillFault::noticed(std::string end) {
    if (state() != State::kRunning) {  // nobody pressed the button
        outside_ = true;
        (void)begin();
        outside_ = false;
    }
    end_ = std::move(end);
    down_.reset();
}

std::optional<std::string> KillFault::recovered(bool late) {
    auto after = format_rfc3339(since_);
    if (!first_commit_) {
        for (auto& flow : flows_of(world_)) {
            auto& commit = flow["last_commit"];
            if (commit.is_string() && commit.get<std::string>() > after)
                first_commit_ = Duration{world_.clock.monotonic_us() - since_us_};
        }
    }
    auto words = ledger_words(world_);
    if (!late && (!first_commit_ || !words)) return std::nullopt;
    recovery_ = down_;
    return fmt::format(
        "The server {} and was started again: ready after {}, first new commit after {}; {}.", end_,
        seconds(down_.value_or(Duration())),
        first_commit_ ? seconds(*first_commit_) : "more than a minute",
        words.value_or("the ledger does not add up yet"));
}

std::vector<std::unique_ptr<Fault>> make_faults(FaultWorld& world) {
    std::vector<std::unique_ptr<Fault>> out;
    out.push_back(std::make_unique<KillFault>(world));
    out.push_back(std::make_unique<DiskFault>(world));
    out.push_back(std::make_unique<BrokenFault>(world));
    out.push_back(std::make_unique<LateFault>(world));
    return out;
}

}  // namespace tarn::demo
