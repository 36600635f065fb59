#include "producer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tarn::log {

int32_t add_sequence(int32_t sequence, int64_t n) {
    return int32_t((int64_t(sequence) + n) & 0x7fffffff);
}

ProducerVerdict ProducerTable::check(const codec::BatchHeader& batch) const {
    if (batch.producer_id < 0) return {};
    auto found = producers_.find(batch.producer_id);
    if (found == producers_.end()) return {};
    auto& known = found->second;
    if (batch.producer_epoch < known.epoch) {
        return {AppendCode::kInvalidProducerEpoch, -1, -1,
                fmt::format("a newer epoch fenced this producer: its epoch is {}, that of "
                            "producer {} is {}",
                            batch.producer_epoch, batch.producer_id, known.epoch)};
    }
    if (batch.control() || batch.base_sequence < 0) return {};
    if (batch.producer_epoch > known.epoch) {
        if (batch.base_sequence == 0) return {};
        return {AppendCode::kOutOfOrderSequence, -1, -1,
                fmt::format("a new epoch of producer {} must begin with sequence 0, not {}",
                            batch.producer_id, batch.base_sequence)};
    }
    int32_t last = add_sequence(batch.base_sequence, batch.last_offset_delta);
    for (uint8_t i = 0; i < known.count; ++i) {
        auto& b = known.batches[i];
        if (b.first_sequence == batch.base_sequence && b.last_sequence == last) {
            return {AppendCode::kDuplicate, b.base_offset, b.last_offset, {}};
        }
    }
    if (known.count == 0) return {};  // only control batches so far
    int32_t expected = add_sequence(known.batches[known.count - 1].last_sequence, 1);
    if (batch.base_sequence == expected) return {};
    return {AppendCode::kOutOfOrderSequence, -1, -1,
            fmt::format("out of order: producer {} sent sequence {}, expected {}",
                        batch.producer_id, batch.base_sequence, expected)};
}

ProducerVerdict ProducerTable::check(const Writer& w) const {
    auto found = writers_.find(w.id);
    if (found == writers_.end()) return {};
    auto& known = found->second;
    if (std::pair(w.epoch, w.part) > std::pair(known.epoch, known.part)) return {};
    if (w.epoch == known.epoch && w.part == known.part) {
        return {AppendCode::kDuplicate, known.base_offset, known.last_offset, {}};
    }
    return {AppendCode::kDuplicate, -1, -1, {}};
}

void ProducerTable::apply(const DirectoryEntry& e, int64_t time_us) {
    if (e.writer) {
        writers_[e.writer->id] = {e.writer->epoch, e.writer->part, e.base_offset,
                                  e.next_offset() - 1};
    }
    if (e.producer_id < 0) return;
    auto& p = producers_[e.producer_id];
    if (e.producer_epoch != p.epoch) p.count = 0;
    p.epoch = e.producer_epoch;
    p.last_time_us = time_us;
    if (e.control() || e.base_sequence < 0) return;
    if (p.count == p.batches.size()) {
        std::move(p.batches.begin() + 1, p.batches.end(), p.batches.begin());
        --p.count;
    }
    p.batches[p.count++] = {e.base_sequence, add_sequence(e.base_sequence, int64_t(e.records) - 1),
                            e.base_offset, e.next_offset() - 1};
}

ProducerTable::Undo ProducerTable::remember(const DirectoryEntry& e) const {
    Undo undo;
    undo.producer_id = e.producer_id;
    if (auto p = producers_.find(e.producer_id); p != producers_.end()) undo.producer = p->second;
    if (e.writer) {
        undo.writer_id = e.writer->id;
        if (auto w = writers_.find(undo.writer_id); w != writers_.end()) undo.writer = w->second;
    }
    return undo;
}

void ProducerTable::restore(const Undo& undo) {
    if (undo.producer_id >= 0) {
        if (undo.producer)
            producers_[undo.producer_id] = *undo.producer;
        else
            producers_.erase(undo.producer_id);
    }
    if (undo.writer_id != 0) {
        if (undo.writer)
            writers_[undo.writer_id] = *undo.writer;
        else
            writers_.erase(undo.writer_id);
    }
}

std::optional<Writer> ProducerTable::writer(int64_t id) const {
    auto found = writers_.find(id);
    if (found == writers_.end()) return {};
    return Writer{id, found->second.epoch, found->second.part};
}

void ProducerTable::expire(int64_t time_us) {
    std::erase_if(producers_, [&](auto& p) { return p.second.last_time_us < time_us; });
}

void ProducerTable::encode(ByteWriter& out) const {
    // In order of the ids, so that the same state gives the same bytes.
    std::map<int64_t, const ProducerEntry*> producers;
    for (auto& [id, p] : producers_)
        producers[id] = &p;
    out.varint(producers.size());
    for (auto& [id, p] : producers) {
        out.le<int64_t>(id);
        out.le<int16_t>(p->epoch);
        out.le<int64_t>(p->last_time_us);
        out.le<uint8_t>(p->count);
        for (uint8_t i = 0; i < p->count; ++i) {
            out.le<int32_t>(p->batches[i].first_sequence);
            out.le<int32_t>(p->batches[i].last_sequence);
            out.le<int64_t>(p->batches[i].base_offset);
            out.le<int64_t>(p->batches[i].last_offset);
        }
    }
    std::map<int64_t, const WriterEntry*> writers;
    for (auto& [id, w] : writers_)
        writers[id] = &w;
    out.varint(writers.size());
    for (auto& [id, w] : writers) {
        out.le<int64_t>(id);
        out.le<int64_t>(w->epoch);
        out.le<int32_t>(w->part);
        out.le<int64_t>(w->base_offset);
        out.le<int64_t>(w->last_offset);
    }
}

ProducerTable ProducerTable::decode(ByteReader& in) {
    ProducerTable table;
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        auto& p = table.producers_[in.le<int64_t>()];
        p.epoch = in.le<int16_t>();
        p.last_time_us = in.le<int64_t>();
        p.count = in.le<uint8_t>();
        if (p.count > p.batches.size()) {
            p.count = 0;
            in.fail();
        }
        for (uint8_t i = 0; i < p.count; ++i) {
            auto& b = p.batches[i];
            b.first_sequence = in.le<int32_t>();
            b.last_sequence = in.le<int32_t>();
            b.base_offset = in.le<int64_t>();
            b.last_offset = in.le<int64_t>();
        }
    }
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        auto& w = table.writers_[in.le<int64_t>()];
        w.epoch = in.le<int64_t>();
        w.part = in.le<int32_t>();
        w.base_offset = in.le<int64_t>();
        w.last_offset = in.le<int64_t>();
    }
    return table;
}

}  // namespace tarn::log
