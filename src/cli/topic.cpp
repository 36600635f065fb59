// `tarn topic …`: list and describe by the JSON API, everything else over the Kafka wire like any
// client.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands.h"
#include "serving.h"
#include "tarn/codec/record_batch.h"
#include "tarn/kafka/client.h"
#include "tarn/log/error_ids.h"

namespace tarn::cli {
namespace {

constexpr size_t kBatchBytes = 512 << 10;
constexpr size_t kFetchBytes = 4 << 20;

Result<Serving> serving_of(const Common& common) {
    io::LocalFileSystem fs;
    return find_serving(fs, common.data);
}

Result<std::unique_ptr<kafka::Client>> connect(const Common& common) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto address, parse_address(serving.kafka));
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

}  // namespace

Result<int> run_topic_list(const Common& common) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_get(serving, "/api/v1/topics"));
    TableOutput out(common.format,
                    {"topic", "partitions", "records", "bytes", "retention_ms", "created"});
    for (auto& t : answer["topics"])
        out.row({t["name"], t["partitions"].size(), t["records"], t["bytes"], t["retention_ms"],
                 t["created"]});
    out.print("There is no topic yet. Create one: tarn topic create clicks");
    return kExitOk;
}

Result<int> run_topic_describe(const Common& common, const std::string& topic) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_get(serving, "/api/v1/topics/" + topic));
    print_object(common.format, nlohmann::ordered_json(answer));
    return kExitOk;
}

Result<int> run_topic_create(const Common& common, const TopicCreateOptions& options) {
    std::map<std::string, std::string> config;
    for (auto& c : options.config) {
        auto equal = c.find('=');
        if (equal == std::string::npos)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("--config needs name=value, got: {}", c));
        config[c.substr(0, equal)] = c.substr(equal + 1);
    }
    TARN_TRY(auto client, connect(common));
    TARN_RETURN_IF_ERROR(client->create_topic(options.topic, options.partitions, config));
    print_object(common.format,
                 {{"topic", options.topic}, {"partitions", options.partitions}, {"created", true}});
    return kExitOk;
}

Result<int> run_topic_delete(const Common& common, const std::string& topic, bool dry_run) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_get(serving, "/api/v1/topics/" + topic));
    if (!dry_run) {
        TARN_TRY(auto client, connect(common));
        TARN_RETURN_IF_ERROR(client->delete_topic(topic));
    }
    print_object(common.format, {{"topic", topic},
                                 {"records", answer["records"]},
                                 {"bytes", answer["bytes"]},
                                 {"deleted", !dry_run}});
    return kExitOk;
}

Result<int> run_topic_produce(const Common& common, const TopicProduceOptions& options) {
    std::ifstream file;
    if (!options.file.empty()) {
        file.open(options.file);
        if (!file) return fail(errno_error(errno, "open", options.file));
    }
    std::istream& in = options.file.empty() ? std::cin : file;
    TARN_TRY(auto client, connect(common));
    TARN_TRY(auto partitions, partitions_of(*client, options.topic));
    if (options.partition && *options.partition >= partitions)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("topic {} has partitions 0 to {}, not {}", options.topic,
                                partitions - 1, *options.partition));
    SystemClock clock;
    codec::BatchBuilder batch;
    int64_t sent = 0;
    int32_t turn = 0;
    auto flush = [&]() -> Status {
        if (!batch.count()) return {};
        sent += batch.count();
        TARN_TRY(auto bytes, batch.finish());
        auto partition = options.partition.value_or(turn++ % partitions);
        return client->produce(options.topic, partition, bytes);
    };
    for (std::string line; std::getline(in, line);) {
        batch.add(clock.now().ms(),
                  options.key.empty() ? std::nullopt : std::optional<std::string_view>(options.key),
                  line);
        // A person who types sees each line stored.
        if (batch.size() > kBatchBytes || (options.file.empty() && isatty(STDIN_FILENO)))
            TARN_RETURN_IF_ERROR(flush());
    }
    TARN_RETURN_IF_ERROR(flush());
    fmt::print(stderr, "{} records appended to {}\n", sent, options.topic);
    return kExitOk;
}

namespace {

class Consumer {
  public:
    Consumer(const Common& common, const TopicConsumeOptions& options, kafka::Client& client)
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
            flush_output();
        }
        return {};
    }

  private:
    // In each partition, or at the end of one that is shorter; beyond the end of all there is nothing to print.
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
        if (common_.format == Format::kText) {
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
        if (common_.format == Format::kJson) {
            fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
            return;
        }
        std::string line;
        for (auto& [name, v] : json.items())
            line += (line.empty() ? "" : ",") + csv_field(shown(v));
        fmt::print("{}\n", line);
    }

    const Common& common_;
    const TopicConsumeOptions& options_;
    kafka::Client& client_;
    std::vector<int64_t> next_, end_;
    std::vector<codec::RecordView> records_;
    std::string scratch_;
    int64_t printed_ = 0;
};

}  // namespace

Result<int> run_topic_consume(const Common& common, const TopicConsumeOptions& options) {
    TARN_TRY(auto client, connect(common));
    TARN_TRY(auto partitions, partitions_of(*client, options.topic));
    if (common.format == Format::kCsv) fmt::print("partition,offset,timestamp,key,value\n");
    Consumer consumer(common, options, *client);
    TARN_RETURN_IF_ERROR(consumer.start(partitions));
    TARN_RETURN_IF_ERROR(consumer.run());
    return kExitOk;
}

}  // namespace tarn::cli
