#include "records.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api_json.h"
#include "host_names.h"
#include "tarn/catalog/flow_sinks.h"
#include "tarn/codec/record_batch.h"
#include "tarn/log/error_ids.h"

namespace tarn::server {
namespace {

constexpr size_t kFetchBytes = 1 << 20, kInflated = 64 << 20;
// Of a record sent: writing JSON takes stack for each level.
constexpr int kMaxDepth = 100;

Error no_topic(std::string_view name) { return not_found(errors::kNoTopic, "topic", name); }

struct Page {
    log::PartitionId id;
    int64_t next = 0;  // the first offset wanted; at the end the one to ask for next
    int64_t end = 0, limit = 0;
};

// A JSON array.
Result<std::string> records_of(const Platform& context, const std::string& name, Page& page) {
    int64_t& next = page.next;
    int64_t count = 0;
    JsonWriter rows;
    rows.begin_array();
    while (count < page.limit && next < page.end) {
        auto fetched = context.log.fetch(page.id, next, kFetchBytes);
        if (fetched.code != log::FetchCode::kOk)
            return fail(
                fetched.code == log::FetchCode::kDamaged ? ErrorCode::kCorrupted : ErrorCode::kIo,
                fmt::format("cannot read {} partition {} at offset {}: {}", name, page.id.partition,
                            next, fetched.message));
        const int64_t before = next;
        for (const auto& slice : fetched.slices) {
            for (std::string_view bytes = slice.bytes; !bytes.empty() && count < page.limit;) {
                TARN_TRY(const auto header, codec::parse_batch_header(bytes));
                std::string scratch;
                std::vector<codec::RecordView> records;
                if (!header.control())
                    TARN_RETURN_IF_ERROR(codec::read_records(bytes.substr(0, header.total_size()),
                                                             scratch, kInflated, records));
                for (const auto& record : records) {
                    if (record.offset < next || count == page.limit) continue;
                    TARN_TRY(const auto text, record_json(record));
                    rows.raw(text);
                    next = record.offset + 1;
                    ++count;
                }
                if (count < page.limit) next = std::max(next, header.next_offset());
                bytes.remove_prefix(header.total_size());
            }
        }
        if (next == before) break;
    }
    rows.end_array();
    return rows.take();
}

Status refusal(const log::AppendOutcome& outcome, const std::string& topic) {
    using Code = log::AppendCode;
    if (outcome.code == Code::kOk) return {};
    const bool passing = outcome.code == Code::kThrottled || outcome.code == Code::kReadOnly ||
                         outcome.code == Code::kShuttingDown;
    const bool gone = outcome.code == Code::kUnknownPartition;
    return fail(passing ? ErrorCode::kUnavailable
                : gone  ? ErrorCode::kNotFound
                        : ErrorCode::kInvalidArgument,
                fmt::format("topic {} did not take the record: {}", topic, outcome.message));
}

struct NewRecord {
    std::optional<std::string> value, key;
    int32_t partition = 0;
};

// MurmurHash2, 32 bits, as Kafka's own producers hash keys (Apache Kafka, Utils.murmur2), so that a
// key sent here stands in the partition where they put it.
uint32_t murmur2(std::string_view bytes) {
    constexpr uint32_t kSeed = 0x9747b28c, kMultiplier = 0x5bd1e995;
    uint32_t hash = kSeed ^ uint32_t(bytes.size());
    auto byte = [&](size_t at) { return uint32_t(uint8_t(bytes[at])); };
    size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4) {
        uint32_t word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
        word *= kMultiplier;
        word ^= word >> 24;
        hash = hash * kMultiplier ^ word * kMultiplier;
    }
    if (at < bytes.size()) {
        for (size_t rest = bytes.size() - at; rest-- > 0;)
            hash ^= byte(at + rest) << (8 * rest);
        hash *= kMultiplier;
    }
    hash ^= hash >> 13;
    hash *= kMultiplier;
    return hash ^ hash >> 15;
}

// {"value": …, "key": text or null, "partition": number}. A text is sent as it is, null as no value, any other JSON
// compact, its keys in their order. Without a partition that of the key, or the first.
Result<NewRecord> parse_record(const std::string& body, int32_t partitions) {
    bool too_deep = false;
    const auto bounded = [&](int depth, nlohmann::ordered_json::parse_event_t,
                             nlohmann::ordered_json&) {
        too_deep |= depth > kMaxDepth;
        return !too_deep;
    };
    const auto json = nlohmann::ordered_json::parse(body, bounded, false);
    if (too_deep)
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("the body is nested deeper than {} levels: send a flatter value, or "
                        "its JSON as a text",
                        kMaxDepth));
    if (!json.is_object() || !json.contains("value"))
        return fail(ErrorCode::kInvalidArgument,
                    R"(the body is no JSON object with a "value": send {"value": {"page": "A1"}})");
    for (const auto& [name, part] : json.items())
        if (name != "value" && name != "key" && name != "partition")
            return fail(ErrorCode::kInvalidArgument,
                        "a record has value, key and partition, and nothing named " + name);
    NewRecord out;
    const auto& value = json["value"];
    if (!value.is_null()) out.value = value.is_string() ? value.get<std::string>() : value.dump();
    if (auto key = json.find("key"); key != json.end() && !key->is_null()) {
        if (!key->is_string())
            return fail(ErrorCode::kInvalidArgument, "key must be a text or null");
        out.key = key->get<std::string>();
        out.partition = int32_t((murmur2(*out.key) & 0x7fffffff) % uint32_t(partitions));
    }
    if (auto partition = json.find("partition"); partition != json.end() && !partition->is_null()) {
        if (!partition->is_number_integer() || partition->get<int64_t>() < 0 ||
            partition->get<int64_t>() >= partitions)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("partition must be a number from 0 to {}", partitions - 1));
        out.partition = partition->get<int32_t>();
    }
    return out;
}

}  // namespace

Result<Response> read_records(const Platform& context, const std::string& name,
                              const Target& target) {
    auto topic = context.log.find_topic(name);
    if (!topic) return fail(no_topic(name));
    TARN_TRY(const int64_t partition,
             number_parameter(target, "partition", 0, 0, topic->config.partitions - 1));
    TARN_TRY(int64_t offset, number_parameter(target, "offset", -20, INT64_MIN, INT64_MAX));
    TARN_TRY(const int64_t limit, number_parameter(target, "limit", 20, 1, 1000));
    const log::PartitionId id{topic->id, int32_t(partition)};
    const auto at = context.log.offsets(id);
    if (!at)
        return fail(errors::kNoPartition,
                    fmt::format("topic {} has no partition {}", name, partition));
    if (offset < 0) offset = std::max(at->log_start_offset, at->high_watermark + offset);
    if (auto time = target.query.find("time"); time != target.query.end()) {
        if (target.query.contains("offset"))
            return fail(ErrorCode::kInvalidArgument, "offset and time exclude each other");
        TARN_TRY(const auto instant, parse_instant(time->second));
        // The first whole millisecond at or after it.
        TARN_TRY(const auto found, context.log.offset_for_time(id, (instant.us + 999) / 1000));
        offset = found.offset < 0 ? at->high_watermark : found.offset;
    }
    offset = std::max(offset, at->log_start_offset);
    Page page{id, offset, at->high_watermark, limit};
    TARN_TRY(const auto rows, records_of(context, name, page));
    JsonWriter json;
    json.begin_object().field("topic", name).field("partition", partition);
    json.field("log_start_offset", at->log_start_offset)
        .field("high_watermark", at->high_watermark);
    json.field("next_offset", page.next).key("records").raw(rows).end_object();
    return json_response(json.take());
}

Result<Response> produce_record(const Platform& context, const std::string& name,
                                const Request& request) {
    if (!request.content_type.starts_with("application/json")) return json_required();
    auto topic = context.log.find_topic(name);
    if (!topic) return fail(no_topic(name));
    // What flows write is theirs alone.
    if (topic->internal || catalog::topics_written(context.flows.list()).contains(name))
        return fail(
            ErrorCode::kFailedPrecondition,
            fmt::format("topic {} is written by Tarn itself: send to the topic it comes from",
                        name));
    TARN_TRY(const auto record, parse_record(request.body, topic->config.partitions));
    const auto now = context.clock.now();
    codec::BatchBuilder builder({.compression = codec::Compression::kNone});
    builder.add(now.ms(), record.key, record.value);
    TARN_TRY(auto batch, builder.finish());
    const auto outcome = context.log.append_and_wait({.partition = {topic->id, record.partition},
                                                      .batch = std::move(batch),
                                                      .writer = std::nullopt});
    TARN_RETURN_IF_ERROR(refusal(outcome, name));
    JsonWriter json;
    json.begin_object().field("topic", name).field("partition", int64_t(record.partition));
    json.field("offset", outcome.base_offset);
    json.field("timestamp", outcome.log_append_time_ms >= 0
                                ? Timestamp::from_ms(outcome.log_append_time_ms)
                                : Timestamp::from_ms(now.ms()));
    json.end_object();
    return json_response(json.take(), 201);
}

}  // namespace tarn::server
