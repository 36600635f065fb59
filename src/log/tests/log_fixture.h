#pragma once

// A log on a simulated disk, without threads, that can crash and come back.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tarn/codec/record_batch.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/log/log.h"

namespace tarn::log::testing {

struct Shape {
    int records = 1;
    size_t value_bytes = 20;
    int64_t timestamp_ms = 1'700'000'000'000;
    codec::BatchOptions options{};
};

inline std::string make_batch(std::string_view text, Shape shape = {}) {
    codec::BatchBuilder builder(shape.options);
    for (int i = 0; i < shape.records; ++i) {
        std::string value = std::string(text) + "-" + std::to_string(i);
        value.resize(std::max(value.size(), shape.value_bytes), '.');
        builder.add(shape.timestamp_ms + i, "key", value);
    }
    auto batch = builder.finish();
    EXPECT_TRUE(batch.has_value());
    return std::move(*batch);
}

// Text of each record's value from `offset` on, through as many fetches as it takes.
struct ReadBack {
    std::vector<int64_t> offsets;
    std::vector<std::string> values;
    std::string error;
};
inline ReadBack read_all(Log& log, const PartitionId& id, int64_t from, size_t max_bytes = 1000) {
    ReadBack out;
    int64_t at = from;
    for (;;) {
        auto fetched = log.fetch(id, at, max_bytes);
        if (fetched.code != FetchCode::kOk) {
            out.error = fetched.message;
            return out;
        }
        if (fetched.slices.empty()) {
            if (at != fetched.high_watermark) out.error = "empty fetch before the end";
            return out;
        }
        for (auto& slice : fetched.slices) {
            auto bytes = slice.bytes;
            while (!bytes.empty()) {
                auto header = codec::parse_batch_header(bytes);
                if (!header) {
                    out.error = header.error().message();
                    return out;
                }
                auto batch = bytes.substr(0, header->total_size());
                std::string scratch;
                std::vector<codec::RecordView> records;
                auto status = codec::read_records(batch, scratch, 1 << 20, records);
                if (!status || !codec::batch_crc_holds(batch)) {
                    out.error = "a fetched batch is damaged";
                    return out;
                }
                for (auto& r : records) {
                    if (r.offset < at) continue;
                    out.offsets.push_back(r.offset);
                    out.values.emplace_back(r.value.value_or(""));
                }
                at = header->next_offset();
                bytes.remove_prefix(header->total_size());
            }
        }
    }
}

class LogWorld {
  public:
    explicit LogWorld(uint64_t seed = 1) : disk(seed, clock), random(seed) {
        options.folder = "data/log";
        options.segment_bytes = 64 << 10;
        options.head_cache_bytes = 16 << 10;
        options.threads = false;
        options.start_number = 0;
    }

    Result<std::unique_ptr<Log>> try_open() {
        ++options.start_number;
        return Log::open(options, {disk, clock, random, failpoints, metrics, logger});
    }
    void open() {
        auto opened = try_open();
        ASSERT_TRUE(opened.has_value()) << opened.error().message();
        log = std::move(*opened);
    }
    // Power off and on again; the log is not closed in order.
    void crash() {
        disk.crash();
        log.reset();
        disk.restart();
    }
    void reopen() {
        log.reset();
        open();
    }
    PartitionId topic(std::string_view name, TopicConfig config = {}) {
        auto info = log->create_topic(name, std::move(config));
        EXPECT_TRUE(info.has_value()) << info.error().message();
        return {info->id, 0};
    }
    AppendOutcome append(const PartitionId& id, std::string batch,
                         std::optional<Writer> writer = {}) {
        return log->append_and_wait({id, std::move(batch), writer, false});
    }

    ManualClock clock;
    io::SimulatedDisk disk;
    Random random;
    io::Failpoints failpoints;
    Metrics metrics;
    LogOptions options;
    Logger logger;
    std::unique_ptr<Log> log;
};

}  // namespace tarn::log::testing
