// `tarn topic …`: list and describe by the JSON API, everything else over the Kafka wire like any
// client.

#include "commands.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tarn/codec/record_batch.h"
#include "tarn/host/command.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/kafka/client.h"
#include "tarn/log/error_ids.h"

namespace tarn::cli {
namespace {

constexpr size_t kBatchBytes = 512 << 10;
constexpr size_t kFetchBytes = 4 << 20;

Result<host::Api> api_of(const host::Common& common) {
    io::LocalFileSystem fs;
    return host::find_api(fs, common);
}

Result<std::unique_ptr<kafka::Client>> connect(const host::Common& common) {
    TARN_TRY(auto api, api_of(common));
    TARN_TRY(auto address, host::parse_address(api.serving().kafka));
    return kafka::Client::connect(address.host, address.port, Duration::seconds(5));
}

Result<int32_t> partitions_of(kafka::Client& client, const std::string& topic) {
    auto count = client.partition_count(topic);
    if (!count && count.error().id() == errors::kNoTopic)
        return fail(
            errors::kNoTopic,
            fmt::format(
                "there is no topic named '{}'. `tarn topic list` shows them; `tarn topic create "
                "NAME` makes one.",
                topic));
    return count;
}

class List final : public host::Command {
  public:
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto answer, api.get("/api/v1/topics"));
        host::TableOutput out(
            common.format, {"topic", "partitions", "records", "bytes", "retention_ms", "created"});
        for (auto& t : answer["topics"])
            out.row({t["name"], t["partitions"].size(), t["records"], t["bytes"], t["retention_ms"],
                     t["created"]});
        out.print("There is no topic yet. Create one: tarn topic create clicks");
        return host::kExitOk;
    }
};

class Describe final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("topic", &topic_, "Name").required();
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto topic, host::path_segment(topic_));
        TARN_TRY(auto answer, api.get("/api/v1/topics/" + topic));
        host::print_object(common.format, nlohmann::ordered_json(answer));
        return host::kExitOk;
    }

  private:
    std::string topic_;
};

class Create final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("topic", &topic_, "Name").required();
        options.add("--partitions", &partitions_, "Partitions").with_default();
        options.add("--config", &config_, "As in Kafka: retention.ms=3600000").value("NAME=VALUE");
    }
    Result<int> run(const host::Common& common) override {
        std::map<std::string, std::string> config;
        for (auto& c : config_) {
            auto equal = c.find('=');
            if (equal == std::string::npos)
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("--config needs name=value, got: {}", c));
            config[c.substr(0, equal)] = c.substr(equal + 1);
        }
        TARN_TRY(auto client, connect(common));
        TARN_RETURN_IF_ERROR(client->create_topic(topic_, partitions_, config));
        host::print_object(common.format,
                           {{"topic", topic_}, {"partitions", partitions_}, {"created", true}});
        return host::kExitOk;
    }

  private:
    std::string topic_;
    int32_t partitions_ = 1;
    std::vector<std::string> config_;  // "retention.ms=3600000"
};

class Delete final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("topic", &topic_, "Name").required();
        options.add("--dry-run", &dry_run_, "Only says what would be deleted");
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto topic, host::path_segment(topic_));
        TARN_TRY(auto answer, api.get("/api/v1/topics/" + topic));
        if (!dry_run_) {
            TARN_TRY(auto client, connect(common));
            TARN_RETURN_IF_ERROR(client->delete_topic(topic_));
        }
        host::print_object(common.format, {{"topic", topic_},
                                           {"records", answer["records"]},
                                           {"bytes", answer["bytes"]},
                                           {"deleted", !dry_run_}});
        return host::kExitOk;
    }

  private:
    std::string topic_;
    bool dry_run_ = false;
};

class Produce final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("topic", &topic_, "Name").required();
        options.add("--partition", &partition_, "Partition (default: in turn)");
        options.add("--key", &key_, "Key of every record");
        options.add("--file", &file_, "File instead of standard input").value("FILE");
    }
    Result<int> run(const host::Common& common) override;

  private:
    std::string topic_;
    int32_t partition_ = -1;  // negative: in turn
    std::string key_;         // of every record; empty: none
    std::string file_;        // empty: standard input
};

Result<int> Produce::run(const host::Common& common) {
    std::ifstream file;
    if (!file_.empty()) {
        file.open(file_);
        if (!file) return fail(errno_error(errno, "open", file_));
    }
    std::istream& in = file_.empty() ? std::cin : file;
    TARN_TRY(auto client, connect(common));
    TARN_TRY(auto partitions, partitions_of(*client, topic_));
    if (partition_ >= partitions)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("topic {} has partitions 0 to {}, not {}", topic_, partitions - 1,
                                partition_));
    SystemClock clock;
    codec::BatchBuilder batch;
    int64_t sent = 0;
    int32_t turn = 0;
    auto flush = [&]() -> Status {
        if (!batch.count()) return {};
        sent += batch.count();
        TARN_TRY(auto bytes, batch.finish());
        return client->produce(topic_, partition_ < 0 ? turn++ % partitions : partition_, bytes);
    };
    for (std::string line; std::getline(in, line);) {
        batch.add(clock.now().ms(),
                  key_.empty() ? std::nullopt : std::optional<std::string_view>(key_), line);
        // A person who types sees each line stored.
        if (batch.size() > kBatchBytes || (file_.empty() && isatty(STDIN_FILENO)))
            TARN_RETURN_IF_ERROR(flush());
    }
    TARN_RETURN_IF_ERROR(flush());
    fmt::print(stderr, "{} records appended to {}\n", sent, topic_);
    return host::kExitOk;
}

struct ConsumeOptions {
    std::string topic;
    std::string from = "beginning";  // beginning, end, or an offset
    int64_t max = -1;                // records; negative: no end
    bool follow = false;             // wait for more at the end
};

class Consumer {
  public:
    Consumer(const host::Common& common, const ConsumeOptions& options, kafka::Client& client)
        : common_(common), options_(options), client_(client) {}

    Status start(int32_t partitions) {
        for (int32_t p = 0; p < partitions; ++p) {
            TARN_TRY(auto begin, client_.list_offset(options_.topic, p, kafka::kEarliest));
            TARN_TRY(auto end, client_.list_offset(options_.topic, p, kafka::kLatest));
            next_.push_back(options_.from == "end" ? end : begin);
            end_.push_back(end);
        }
        return options_.from == "end" || options_.from == "beginning" ? Status{}
                                                                      : start_at_offset();
    }
    Status run() {
        while (!done()) {
            for (size_t p = 0; p < next_.size() && !done(); ++p)
                if (options_.follow || next_[p] < end_[p]) TARN_RETURN_IF_ERROR(fetch(int32_t(p)));
            host::flush_output();
        }
        return {};
    }

  private:
    // In each partition, or at the end of one that is shorter; beyond the end of all there is
    // nothing to print.
    Status start_at_offset() {
        int64_t from = 0;
        auto& text = options_.from;
        auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), from);
        if (error != std::errc() || *rest || from < 0)
            return fail(ErrorCode::kInvalidArgument,
                        "--from takes beginning, end or an offset: " + text);
        if (std::ranges::all_of(end_, [&](int64_t end) { return from > end; }))
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format(
                    "topic {} has no offset {}: its partitions end at {}. Take a lower --from, "
                    "or --from end with --follow",
                    options_.topic, from, fmt::join(end_, ", ")));
        for (size_t p = 0; p < next_.size(); ++p)
            next_[p] = std::clamp(from, next_[p], end_[p]);
        return {};
    }
    bool done() const {
        if (options_.max >= 0 && printed_ >= options_.max) return true;
        for (size_t p = 0; p < next_.size(); ++p)
            if (options_.follow || next_[p] < end_[p]) return false;
        return true;
    }
    Status fetch(int32_t partition) {
        auto& next = next_[size_t(partition)];
        TARN_TRY(auto bytes,
                 client_.fetch(options_.topic, partition, next, kFetchBytes,
                               options_.follow ? Duration::millis(100) : Duration::millis(10)));
        std::string_view rest = bytes;
        while (!rest.empty()) {
            auto header = codec::parse_batch_header(rest);
            if (!header) break;  // a fetch may end within a batch
            auto batch = rest.substr(0, header->total_size());
            rest.remove_prefix(batch.size());
            records_.clear();
            if (!header->control())
                TARN_RETURN_IF_ERROR(codec::read_records(batch, scratch_, 256 << 20, records_));
            for (auto& r : records_)
                if (r.offset >= next && (options_.max < 0 || printed_ < options_.max))
                    print(partition, r);
            next = std::max(next, header->next_offset());
        }
        return {};
    }
    void print(int32_t partition, const codec::RecordView& record) {
        ++printed_;
        auto value = record.value.value_or("");
        if (common_.format == host::Format::kText) {
            std::fwrite(value.data(), 1, value.size(), stdout);
            std::fputc('\n', stdout);
            return;
        }
        auto text = [](std::optional<std::string_view> v) {
            return v ? nlohmann::json(std::string(*v)) : nlohmann::json();
        };
        nlohmann::ordered_json json = {
            {"partition", partition},
            {"offset", record.offset},
            {"timestamp", format_rfc3339(Timestamp::from_ms(record.timestamp_ms))},
            {"key", text(record.key)},
            {"value", text(record.value)}};
        if (common_.format == host::Format::kJson) {
            fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
            return;
        }
        std::string line;
        for (auto& [name, v] : json.items())
            line += (line.empty() ? "" : ",") + host::csv_field(host::shown(v));
        fmt::print("{}\n", line);
    }

    const host::Common& common_;
    const ConsumeOptions& options_;
    kafka::Client& client_;
    std::vector<int64_t> next_, end_;
    std::vector<codec::RecordView> records_;
    std::string scratch_;
    int64_t printed_ = 0;
};

class Consume final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("topic", &options_.topic, "Name").required();
        options.add("--from", &options_.from, "beginning, end, or an offset").with_default();
        options.add("--max", &options_.max, "Stops after so many records")
            .check(host::not_positive);
        options.add("--follow", &options_.follow, "Waits for more at the end");
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto client, connect(common));
        TARN_TRY(auto partitions, partitions_of(*client, options_.topic));
        if (common.format == host::Format::kCsv)
            fmt::print("partition,offset,timestamp,key,value\n");
        Consumer consumer(common, options_, *client);
        TARN_RETURN_IF_ERROR(consumer.start(partitions));
        TARN_RETURN_IF_ERROR(consumer.run());
        return host::kExitOk;
    }

  private:
    ConsumeOptions options_;
};

constexpr host::CommandRow kCommands[] = {
    {"topic", "Topics of the log.", "tarn topic list"},
    {"topic list", "Lists topics.", "tarn topic list", host::make_command<List>},
    {"topic describe", "Shows a topic's partitions and settings.", "tarn topic describe clicks",
     host::make_command<Describe>},
    {"topic create", "Creates a topic.", "tarn topic create clicks --partitions 4",
     host::make_command<Create>},
    {"topic delete", "Deletes a topic with all its records.", "tarn topic delete clicks --dry-run",
     host::make_command<Delete>},
    {"topic produce", "Appends each line of standard input (or of a file) as a record.",
     "echo '{\"page\":\"A1\"}' | tarn topic produce clicks", host::make_command<Produce>},
    {"topic consume", "Prints records.", "tarn topic consume clicks --max 5",
     host::make_command<Consume>},
};

}  // namespace

std::span<const host::CommandRow> topic_commands() { return kCommands; }

}  // namespace tarn::cli
