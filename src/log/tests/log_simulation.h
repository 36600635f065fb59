#pragma once

// A world driven by one seed: producers, flows' writers, readers, retention and restarts on a disk
// that fails, and a checker that knows what was acknowledged and what was seen.
//
// Stated and checked after every start: every acknowledged record is there with its value; what a
// reader saw stays; offsets are contiguous from the log start to the high watermark; nothing is
// there that nobody sent; nothing sent by an idempotent producer or writer is there twice, however
// often it was sent; the log start moved no further than somebody allowed; producer ids are never
// given twice.

#include <fmt/format.h>

#include <map>
#include <set>

#include "log_fixture.h"

namespace tarn::log::testing {

class Simulation : public LogWorld {
  public:
    explicit Simulation(uint64_t seed) : LogWorld(seed), choice(seed * 7919 + 1) {
        options.first_segment_bytes = 8 << 10;
    }

    // What the model knows of one partition.
    struct Sent {
        std::string batch;
        std::vector<std::string> values;
        std::optional<Writer> writer;
        bool repeatable = false;
    };
    struct Part {
        std::map<int64_t, std::string> known;  // acknowledged or seen, by offset
        std::set<std::string> sent;            // every value ever sent
        int64_t deleted = 0;                   // acknowledged delete_records
        int64_t deletable = 0;                 // somebody may have deleted up to here
        int32_t next_sequence = 0;
        int64_t next_epoch = 1;              // of the writer
        std::optional<Sent> producer_doubt;  // sent by the producer, outcome not known
        std::optional<Sent> writer_doubt;
    };

    // True while the log serves.
    bool start() {
        auto opened = try_open();
        if (!opened) {
            open_error = opened.error();
            return false;
        }
        log = std::move(*opened);
        return true;
    }
    // The log is gone without having been closed; `power`: unsynced data may be lost as well.
    void die(bool power) {
        if (!disk.crashed()) {
            auto faults = base_faults;
            if (!power) faults.torn_write = 1, faults.lost_name = 0;
            disk.set_faults(faults);
            disk.crash();
        }
        log.reset();
        disk.restart();
        disk.set_faults(base_faults);
        failpoints.disarm();
    }
    // The process is gone, the machine and what is armed stay.
    void kill() {
        disk.set_faults({.torn_write = 1, .lost_name = 0});
        disk.crash();
        log.reset();
        disk.restart();
        disk.set_faults(base_faults);
        if (crash_at > disk.calls()) disk.crash_at_call(crash_at - disk.calls());
    }
    // The log cannot go on: the disk died or it takes no writes.
    bool broken() const { return disk.crashed() || log->usage().read_only; }

    std::string fail_text;
    void complain(std::string text) {
        if (fail_text.empty()) fail_text = std::move(text);
    }

    std::vector<std::string> new_values(Part& part, int n) {
        std::vector<std::string> values;
        for (int i = 0; i < n; ++i) {
            values.push_back(fmt::format("v{}", ++value_counter));
            part.sent.insert(values.back());
        }
        return values;
    }
    std::string batch_of(const std::vector<std::string>& values, codec::BatchOptions o = {}) {
        codec::BatchBuilder builder(o);
        for (auto& v : values) {
            std::string padded = v + " ";
            padded.resize(v.size() + 1 + choice.below(choice.chance(0.1) ? 9000 : 300), '.');
            builder.add(clock.now().ms(), "k", padded);
        }
        return *builder.finish();
    }
    static std::string value_of(const std::string& padded) {
        return padded.substr(0, padded.find(' '));
    }

    void send(const PartitionId& id, Part& part, Sent sent, std::optional<Sent> Part::* doubt) {
        if (doubt) part.*doubt = sent;
        auto before = log->offsets(id);
        log->append({id, sent.batch, sent.writer, false},
                    [this, &part, sent, doubt](AppendOutcome o) { settled(part, sent, doubt, o); });
        auto after = log->offsets(id);
        if (before && after && before->high_watermark != after->high_watermark) {
            complain("readable before the commit");
        }
    }
    void settled(Part& part, const Sent& sent, std::optional<Sent> Part::* doubt,
                 const AppendOutcome& o) {
        if (o.code == AppendCode::kDuplicate && !sent.repeatable)
            complain("duplicate of a new batch");
        if (o.code == AppendCode::kOk || o.code == AppendCode::kDuplicate) {
            for (size_t i = 0; o.base_offset >= 0 && i < sent.values.size(); ++i) {
                know(part, o.base_offset + int64_t(i), sent.values[i]);
            }
            if (doubt) part.*doubt = std::nullopt;
        } else if (o.code != AppendCode::kReadOnly && o.code != AppendCode::kThrottled &&
                   o.code != AppendCode::kShuttingDown && o.code != AppendCode::kUnknownPartition) {
            complain(fmt::format("append refused with code {}: {}", int(o.code), o.message));
        }
    }
    void know(Part& part, int64_t offset, const std::string& value) {
        auto [slot, fresh] = part.known.try_emplace(offset, value);
        if (!fresh && slot->second != value) {
            complain(fmt::format("offset {} held {} and now {}", offset, slot->second, value));
        }
    }

    void send_plain(const PartitionId& id, Part& part) {
        auto values = new_values(part, 1 + int(choice.below(4)));
        send(id, part, {batch_of(values), values, {}, false}, nullptr);
    }
    void send_idempotent(const PartitionId& id, Part& part) {
        if (part.producer_doubt) {
            auto again = *part.producer_doubt;
            again.repeatable = true;
            return send(id, part, again, &Part::producer_doubt);
        }
        auto values = new_values(part, 1 + int(choice.below(3)));
        codec::BatchOptions o;
        o.producer_id = 77;
        o.producer_epoch = 3;
        o.base_sequence = part.next_sequence;
        part.next_sequence += int32_t(values.size());
        send(id, part, {batch_of(values, o), values, {}, false}, &Part::producer_doubt);
    }
    void send_writer(const PartitionId& id, Part& part) {
        if (part.writer_doubt) {
            auto again = *part.writer_doubt;
            again.repeatable = true;
            return send(id, part, again, &Part::writer_doubt);
        }
        auto values = new_values(part, 1 + int(choice.below(3)));
        send(id, part, {batch_of(values), values, Writer{5, part.next_epoch++, 0}, false},
             &Part::writer_doubt);
    }

    // Reads a partition from its start and holds it against the model. Returns false if it could
    // not be read.
    bool check(const PartitionId& id, Part& part) {
        auto offsets = log->offsets(id);
        if (!offsets) {
            complain("a partition is gone");
            return false;
        }
        int64_t start = offsets->log_start_offset;
        if (start < part.deleted) complain("deleted records are back");
        if (start > part.deletable) complain("records went that nobody let go");
        auto back = read_all(*log, id, start, 1 + choice.below(20'000));
        if (disk.crashed()) return false;
        if (!back.error.empty()) {
            if (!may_be_damaged) complain("cannot read: " + back.error);
            return false;
        }
        std::set<std::string> seen;
        for (size_t i = 0; i < back.offsets.size(); ++i) {
            auto value = value_of(back.values[i]);
            if (back.offsets[i] != start + int64_t(i))
                complain(fmt::format("offsets have a gap: {} instead of {} (start {})",
                                     back.offsets[i], start + int64_t(i), start));
            if (!part.sent.contains(value)) complain("nobody sent " + value);
            if (!seen.insert(value).second) complain("twice there: " + value);
            know(part, back.offsets[i], value);
        }
        int64_t end = start + int64_t(back.offsets.size());
        if (end != log->offsets(id)->high_watermark) complain("the end is not the high watermark");
        if (!part.known.empty() && part.known.rbegin()->first >= end) {
            complain(fmt::format("acknowledged or seen, and lost: offset {} ({}), the end is {}",
                                 part.known.rbegin()->first, part.known.rbegin()->second, end));
        }
        return true;
    }
    void check_all() {
        for (auto& [id, part] : parts)
            check(id, part);
    }

    void create(int partitions) {
        auto info =
            log->create_topic(fmt::format("t{}", ++topic_counter), {.partitions = partitions});
        if (!info) return;
        for (int i = 0; i < partitions; ++i)
            parts[{info->id, i}];
    }
    // Topics whose creation was not acknowledged may exist; deleted ones must not come back.
    // By value: the caller's id may stand in what is erased.
    void drop(Uuid topic) {
        auto info = log->find_topic(topic);
        if (!info) return;
        auto status = log->delete_topic(info->name);
        std::erase_if(parts, [&](auto& p) { return p.first.topic == topic; });
        if (status) gone.insert(topic);
    }

    void one_step() {
        auto dice = choice.below(100);
        if (parts.empty() || (dice < 2 && parts.size() < 8))
            return create(1 + int(choice.below(3)));
        auto at = parts.begin();
        std::advance(at, ptrdiff_t(choice.below(parts.size())));
        auto& [id, part] = *at;
        if (dice < 40) return send_plain(id, part);
        // A repeat before the first outcome is legal, but keep one in doubt at a time.
        if (dice < 52) return send_idempotent(id, part);
        if (dice < 62) return send_writer(id, part);
        if (dice < 88) return void(log->step());
        if (dice < 91) return void(check(id, part));
        if (dice < 93) return trim(id, part);
        if (dice < 95) {
            clock.advance(Duration::seconds(3600));
            return;
        }
        if (dice < 98) return retain();
        if (dice < 99) return take_producer_id();
        log->step();
        if (parts.size() > 3) drop(id.topic);
    }
    void trim(const PartitionId& id, Part& part) {
        auto offsets = log->offsets(id);
        if (!offsets) return complain("a partition is gone");
        int64_t to = offsets->log_start_offset +
                     int64_t(choice.below(
                         uint64_t(offsets->high_watermark - offsets->log_start_offset + 1)));
        part.deletable = std::max(part.deletable, to);
        if (log->delete_records(id, to)) part.deleted = std::max(part.deleted, to);
    }
    // Whole topics expire, all that is readable may go.
    void retain() {
        bool all = choice.chance(0.3);
        if (all) clock.advance(Duration::seconds(8 * 24 * 3600));
        for (auto& [id, part] : parts) {
            if (auto offsets = log->offsets(id)) part.deletable = offsets->high_watermark;
        }
        (void)log->run_retention();
    }
    void take_producer_id() {
        auto id = log->new_producer_id();
        if (id && !producer_ids.insert(*id).second) complain("a producer id was given twice");
    }

    uint64_t crash_at = 0;  // of all calls of this world; 0: not armed
    io::DiskFaults base_faults;
    Random choice;
    std::map<PartitionId, Part> parts;
    std::set<Uuid> gone;
    std::set<int64_t> producer_ids;
    std::optional<Error> open_error;
    bool may_be_damaged = false;
    uint64_t value_counter = 0, topic_counter = 0;
};

}  // namespace tarn::log::testing
