#pragma once

// Who wrote what last in one partition: idempotent producers (Kafka's rule) and flows' writers.
//
// Kafka's rule, as of 4.x (ProducerStateManager, ProducerAppendInfo): the last five batches of a
// producer are remembered; a repeat of one of them is a duplicate; otherwise a batch must follow
// the last sequence (wrapping from 2^31-1 to 0); an older epoch is fenced, a newer one must begin
// at sequence 0; a producer that is not known, be it because its records were removed, may begin
// anywhere.

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lane.h"
#include "tarn/base/bytes.h"
#include "tarn/codec/record_batch.h"

namespace tarn::log {

struct RememberedBatch {
    int32_t first_sequence = 0;
    int32_t last_sequence = 0;
    int64_t base_offset = 0;
    int64_t last_offset = 0;
};

struct ProducerEntry {
    int16_t epoch = -1;
    uint8_t count = 0;  // of batches, oldest first
    std::array<RememberedBatch, 5> batches;
    int64_t last_time_us = 0;
};

struct WriterEntry {
    int64_t epoch = 0;
    int32_t part = 0;
    int64_t base_offset = 0;
    int64_t last_offset = 0;
};

// The sequence `n` after `sequence`, wrapping from 2^31-1 to 0.
int32_t add_sequence(int32_t sequence, int64_t n);

struct ProducerVerdict {
    AppendCode code = AppendCode::kOk;
    int64_t base_offset = -1;
    int64_t last_offset = -1;
    std::string message;
};

// Not thread-safe.
class ProducerTable {
  public:
    ProducerVerdict check(const codec::BatchHeader& batch) const;
    ProducerVerdict check(const Writer& writer) const;
    // Remembers a batch that was accepted.
    void apply(const DirectoryEntry& entry, int64_t time_us);

    // What apply() is about to change, and how to take it back (in reverse order of the calls).
    struct Undo {
        int64_t producer_id = -1;
        std::optional<ProducerEntry> producer;
        int64_t writer_id = 0;
        std::optional<WriterEntry> writer;
    };
    Undo remember(const DirectoryEntry& entry) const;
    void restore(const Undo& undo);

    std::optional<Writer> writer(int64_t id) const;
    // Drops producers silent since before `time_us`.
    void expire(int64_t time_us);

    void encode(ByteWriter& out) const;
    static ProducerTable decode(ByteReader& in);  // check in.ok() afterwards

  private:
    std::unordered_map<int64_t, ProducerEntry> producers_;
    std::unordered_map<int64_t, WriterEntry> writers_;
};

}  // namespace tarn::log
