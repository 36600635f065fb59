#include "journal.h"

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/flow/error_ids.h"

namespace tarn::flow {
namespace {

constexpr std::string_view kMagic = "TARNFLOW";
constexpr uint32_t kJournalVersion = 4, kVersionBefore = 3, kOldVersion = 2;
constexpr size_t kFileHeader = 12;
constexpr size_t kPlanEstimate = 160;  // bytes; only decides when a rewrite pays

enum Kind : uint8_t { kHeader = 1, kPlan = 2, kDone = 3 };

std::string frame(std::string_view payload) {
    ByteWriter out;
    out.le<uint32_t>(payload.size());
    out.le<uint32_t>(crc32c(payload));
    out.raw(payload);
    return out.take();
}

void write(ByteWriter& out, const Counters& c) {
    for (auto n : {c.rows_in, c.rows_out, c.late, c.early, c.rejected, c.duplicates, c.outside})
        out.zigzag(n);
}
Counters read_counters(ByteReader& in) {
    Counters c;
    for (auto* n :
         {&c.rows_in, &c.rows_out, &c.late, &c.early, &c.rejected, &c.duplicates, &c.outside})
        *n = in.zigzag();
    return c;
}

void write(ByteWriter& out, Position position) {
    out.zigzag(position.at);
    out.zigzag(position.within);
}
Position read_position(ByteReader& in) {
    Position position;
    position.at = in.zigzag();
    position.within = in.zigzag();
    return position;
}

void write(ByteWriter& out, const std::vector<Position>& positions) {
    out.varint(positions.size());
    for (auto position : positions)
        write(out, position);
}
// None is the most frequent, and one byte.
void write_time(ByteWriter& out, Timestamp time) {
    out.le<uint8_t>(time == kNoTime ? 0 : 1);
    if (time != kNoTime) out.zigzag(time.us);
}
Timestamp read_time(ByteReader& in) {
    return in.le<uint8_t>() == 0 ? kNoTime : Timestamp{in.zigzag()};
}
void write(ByteWriter& out, const PartitionTime& time) {
    write_time(out, time.newest);
    out.zigzag(time.heard.us);
}
PartitionTime read_partition_time(ByteReader& in) {
    PartitionTime time;
    time.newest = read_time(in);
    time.heard.us = in.zigzag();
    return time;
}
void write(ByteWriter& out, const LogTime& time) {
    out.zigzag(time.passed.us);
    write_time(out, time.newest);
}
LogTime read_log_time(ByteReader& in) {
    LogTime time;
    time.passed.us = in.zigzag();
    time.newest = read_time(in);
    return time;
}

std::vector<Position> read_positions(ByteReader& in) {
    std::vector<Position> out;
    for (auto n = in.varint(); n > 0 && in.ok(); --n)
        out.push_back(read_position(in));
    return out;
}

// The items of version 2.
std::vector<Position> read_old_positions(ByteReader& in, const Journal::OldSource& old) {
    std::vector<Position> out;
    for (auto n = in.varint(); n > 0 && in.ok(); --n)
        out.push_back(old.position(in.zigzag()));
    return out;
}
PartitionRange read_old_range(ByteReader& in, const Journal::OldSource& old) {
    PartitionRange range;
    range.partition = int32_t(in.zigzag());
    range.from = old.position(in.zigzag());
    range.to = old.position(in.zigzag());
    return range;
}

void write_id(ByteWriter& out, const Uuid& id) {
    out.raw({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}
Uuid read_id(ByteReader& in) {
    Uuid id;
    if (auto bytes = in.raw(id.bytes.size()); bytes.size() == id.bytes.size())
        std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    return id;
}

PartitionRange read_range(ByteReader& in, bool times) {
    PartitionRange range;
    range.source = int32_t(in.zigzag());
    range.partition = int32_t(in.zigzag());
    range.from = read_position(in);
    range.to = read_position(in);
    if (times) range.before = read_partition_time(in);
    return range;
}

std::string encode(const JournalHeader& header) {
    ByteWriter out;
    out.le<uint8_t>(kHeader);
    out.sized(header.flow);
    out.sized(header.generation);
    out.varint(header.sources.size());
    for (const auto& source : header.sources) {
        out.sized(source.node.kind);
        out.sized(source.node.name);
        write_id(out, source.id);
        write(out, source.start);
    }
    return out.take();
}

std::string encode(const EpochPlan& plan) {
    ByteWriter out;
    out.le<uint8_t>(kPlan);
    out.zigzag(plan.epoch);
    out.zigzag(plan.batch_time.us);
    out.zigzag(plan.watermark.us);
    write(out, plan.before);
    out.varint(plan.ranges.size());
    for (const auto& range : plan.ranges) {
        out.zigzag(range.source);
        out.zigzag(range.partition);
        write(out, range.from);
        write(out, range.to);
        write(out, range.before);
    }
    out.varint(plan.versions.size());
    for (const auto& named : plan.versions) {
        out.sized(named.name);
        out.zigzag(named.version);
    }
    out.le<uint8_t>(plan.by_epoch ? 1 : 0);
    write(out, plan.log_time);
    out.varint(plan.partitions.size());
    for (auto count : plan.partitions)
        out.varint(count);
    return out.take();
}

std::string encode(const EpochDone& done) {
    ByteWriter out;
    out.le<uint8_t>(kDone);
    out.zigzag(done.epoch);
    out.zigzag(done.watermark.us);
    write(out, done.after);
    out.zigzag(done.needed);
    out.varint(done.next.size());
    for (const auto& positions : done.next)
        write(out, positions);
    write(out, done.log_time);
    out.varint(done.times.size());
    for (const auto& times : done.times) {
        out.varint(times.size());
        for (const auto& time : times)
            write(out, time);
    }
    return out.take();
}

std::string file_header() {
    ByteWriter out;
    out.raw(kMagic);
    out.le<uint32_t>(kJournalVersion);
    return out.take();
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(io::FileSystem& fs, io::Failpoints& failpoints,
                                               std::string path, const OldSource& old) {
    auto bytes = fs.read_all(path);
    if (!bytes) {
        if (bytes.error().code() == ErrorCode::kNotFound) return std::unique_ptr<Journal>();
        return fail(bytes.error());
    }
    std::unique_ptr<Journal> journal(new Journal(fs, failpoints, std::move(path)));
    TARN_RETURN_IF_ERROR(journal->load(*bytes, old));
    if (journal->version_ != kJournalVersion) {
        TARN_RETURN_IF_ERROR(journal->replace());
        return journal;
    }
    TARN_TRY(journal->file_, fs.open(journal->path_, {.mode = io::OpenMode::kReadWrite}));
    if (bytes->size() > journal->end_) {
        TARN_RETURN_IF_ERROR(journal->file_->truncate(journal->end_));
        TARN_RETURN_IF_ERROR(journal->file_->sync());
    }
    return journal;
}

Result<std::unique_ptr<Journal>> Journal::read(io::FileSystem& fs, io::Failpoints& failpoints,
                                               std::string path, const OldSource& old) {
    auto bytes = fs.read_all(path);
    if (!bytes && bytes.error().code() == ErrorCode::kNotFound) return std::unique_ptr<Journal>();
    if (!bytes) return fail(bytes.error());
    std::unique_ptr<Journal> journal(new Journal(fs, failpoints, std::move(path)));
    TARN_RETURN_IF_ERROR(journal->load(*bytes, old));
    journal->poison_ = "the journal was read to be looked at";
    return journal;
}

Result<std::unique_ptr<Journal>> Journal::create(io::FileSystem& fs, io::Failpoints& failpoints,
                                                 std::string path, JournalHeader header) {
    std::unique_ptr<Journal> journal(new Journal(fs, failpoints, std::move(path)));
    journal->header_ = std::move(header);
    TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(journal->path_)));
    TARN_RETURN_IF_ERROR(failpoints.hit("flow.journal.create.before"));
    auto bytes = file_header() + frame(encode(journal->header_));
    TARN_RETURN_IF_ERROR(fs.replace(journal->path_, bytes));
    TARN_RETURN_IF_ERROR(failpoints.hit("flow.journal.create.after"));
    TARN_TRY(journal->file_, fs.open(journal->path_, {.mode = io::OpenMode::kReadWrite}));
    journal->end_ = bytes.size();
    return journal;
}

Status Journal::load(std::string_view bytes, const OldSource& old) {
    if (bytes.size() < kFileHeader || bytes.substr(0, kMagic.size()) != kMagic) {
        return fail(errors::kJournalDamaged, "not a flow's journal: " + path_);
    }
    version_ = load_le<uint32_t>(bytes.data() + kMagic.size());
    if (version_ != kJournalVersion && version_ != kVersionBefore &&
        !(version_ == kOldVersion && old.position)) {
        return fail(errors::kJournalNewer,
                    fmt::format("a flow's journal has format version {}, this program reads "
                                "{}: {}",
                                version_, kJournalVersion, path_));
    }
    size_t at = kFileHeader;
    while (bytes.size() - at >= 8) {
        auto length = load_le<uint32_t>(bytes.data() + at);
        if (length == 0 || length > bytes.size() - at - 8) break;  // torn
        auto payload = bytes.substr(at + 8, length);
        if (crc32c(payload) != load_le<uint32_t>(bytes.data() + at + 4)) {
            if (at + 8 + length == bytes.size()) break;  // torn
            return fail(errors::kJournalDamaged,
                        fmt::format("a flow's journal is damaged at byte {}: {}", at, path_));
        }
        ByteReader in(payload);
        while (in.remaining() > 0)
            TARN_RETURN_IF_ERROR(apply(in, old));
        TARN_RETURN_IF_ERROR(in.status("a record of a flow's journal " + path_));
        at += 8 + length;
    }
    if (header_.flow.empty())
        return fail(errors::kJournalDamaged, "a flow's journal has no header: " + path_);
    end_ = at;
    needed_ = done_.needed;
    drop_history();
    return {};
}

Status Journal::apply(ByteReader& in, const OldSource& old) {
    const bool is_old = version_ == kOldVersion, with_times = version_ == kJournalVersion;
    auto kind = in.le<uint8_t>();
    if (kind == kHeader) {
        header_.flow = in.sized();
        header_.generation = in.sized();
        for (auto n = is_old ? 1 : in.varint(); n > 0 && in.ok(); --n) {
            auto& source = header_.sources.emplace_back();
            source.node = is_old ? old.node : Node{};
            if (!is_old) {
                source.node.kind = in.sized();
                source.node.name = in.sized();
            }
            source.id = read_id(in);
            source.start = is_old ? read_old_positions(in, old) : read_positions(in);
        }
    } else if (kind == kPlan) {
        EpochPlan plan;
        plan.epoch = in.zigzag();
        plan.batch_time.us = in.zigzag();
        plan.watermark.us = in.zigzag();
        plan.before = read_counters(in);
        for (auto n = in.varint(); n > 0 && in.ok(); --n)
            plan.ranges.push_back(is_old ? read_old_range(in, old) : read_range(in, with_times));
        for (auto n = is_old ? 0 : in.varint(); n > 0 && in.ok(); --n) {
            auto& named = plan.versions.emplace_back();
            named.name = in.sized();
            named.version = in.zigzag();
        }
        plan.by_epoch = with_times ? in.le<uint8_t>() != 0 : true;
        if (with_times) plan.log_time = read_log_time(in);
        for (auto n = with_times ? in.varint() : 0; n > 0 && in.ok(); --n)
            plan.partitions.push_back(in.varint());
        if (in.ok() && !plans_.empty() && plan.epoch != plans_.back().epoch + 1) {
            return fail(errors::kJournalDamaged,
                        fmt::format("a flow's journal has batch {} behind {}: {}", plan.epoch,
                                    plans_.back().epoch, path_));
        }
        plans_.push_back(std::move(plan));
    } else if (kind == kDone) {
        done_.epoch = in.zigzag();
        done_.watermark.us = in.zigzag();
        done_.after = read_counters(in);
        done_.needed = in.zigzag();
        done_.next.clear();
        for (auto n = is_old ? 1 : in.varint(); n > 0 && in.ok(); --n)
            done_.next.push_back(is_old ? read_old_positions(in, old) : read_positions(in));
        done_.log_time = with_times ? read_log_time(in) : LogTime();
        done_.times.clear();
        for (auto n = with_times ? in.varint() : 0; n > 0 && in.ok(); --n) {
            auto& times = done_.times.emplace_back();
            for (auto m = in.varint(); m > 0 && in.ok(); --m)
                times.push_back(read_partition_time(in));
        }
    } else {
        return fail(errors::kJournalNewer,
                    fmt::format("a flow's journal has a record of kind {}, which this program "
                                "does not know: {}",
                                kind, path_));
    }
    return in.status("a record of a flow's journal " + path_);
}

Status Journal::poisoned(Status status) {
    poison_ =
        "the flow's journal could not be written, so it takes no more batches until the flow is "
        "resumed: " +
        path_ + ": " + status.error().message();
    return status;
}

Status Journal::append(const std::string& bytes) {
    if (!poison_.empty()) return fail(ErrorCode::kFailedPrecondition, poison_);
    TARN_RETURN_IF_ERROR(failpoints_.hit("flow.journal.before_write"));
    if (dirty_tail_) {
        if (auto cut = file_->truncate(end_); !cut) return poisoned(cut);
    }
    dirty_tail_ = true;
    if (auto written = file_->write_at(end_, bytes); !written) {
        return written.error().code() == ErrorCode::kResourceExhausted ? written
                                                                       : poisoned(written);
    }
    if (auto hit = failpoints_.hit("flow.journal.before_sync"); !hit) return poisoned(hit);
    if (auto synced = file_->sync(); !synced) return poisoned(synced);
    end_ += bytes.size();
    dirty_tail_ = false;
    if (auto hit = failpoints_.hit("flow.journal.after_sync"); !hit) return poisoned(hit);
    return {};
}

Status Journal::plan(EpochPlan plan) {
    auto bytes = done_written_ ? std::string() : encode(done_);
    bytes = frame(bytes + encode(plan));
    // It stands here when it stands in the file, whatever fails behind the write.
    plans_.push_back(std::move(plan));
    const auto end = end_;
    Status kept;
    try {
        kept = append(bytes);
    } catch (...) {
        if (end_ == end) plans_.pop_back();
        throw;
    }
    if (!kept) {
        plans_.pop_back();
        return kept;
    }
    done_written_ = true;
    needed_ = done_.needed;
    return {};
}

void Journal::set_done(EpochDone done) {
    done_ = std::move(done);
    done_written_ = false;
}

Status Journal::flush() {
    if (done_written_) return {};
    TARN_RETURN_IF_ERROR(append(frame(encode(done_))));
    done_written_ = true;
    needed_ = done_.needed;
    return {};
}

// The newest plan stays, for its batch time.
void Journal::drop_history() {
    while (plans_.size() > 1 && plans_.front().epoch < needed_)
        plans_.pop_front();
}

Status Journal::forget(uint64_t rewrite_bytes) {
    drop_history();
    if (end_ < rewrite_bytes || end_ < 4 * (plans_.size() + 2) * kPlanEstimate) return {};
    return rewrite();
}

// On a full disk the old file serves on.
Status Journal::rewrite() {
    if (!poison_.empty()) return fail(ErrorCode::kFailedPrecondition, poison_);
    auto replaced = replace();
    if (replaced || !poison_.empty()) return replaced;
    return replaced.error().code() == ErrorCode::kResourceExhausted ? Status() : poisoned(replaced);
}

Status Journal::replace() {
    auto bytes = file_header() + frame(encode(header_));
    for (const auto& plan : plans_)
        bytes += frame(encode(plan));
    if (done_.epoch >= 0) bytes += frame(encode(done_));
    TARN_RETURN_IF_ERROR(failpoints_.hit("flow.journal.rewrite.before"));
    TARN_RETURN_IF_ERROR(fs_.replace(path_, bytes));
    // From here on the file that is open is not the one that is read again.
    auto opened = [&]() -> Status {
        TARN_RETURN_IF_ERROR(failpoints_.hit("flow.journal.rewrite.after"));
        TARN_TRY(file_, fs_.open(path_, {.mode = io::OpenMode::kReadWrite}));
        return {};
    }();
    if (!opened) return poisoned(opened);
    end_ = bytes.size();
    dirty_tail_ = false;
    done_written_ = true;
    needed_ = done_.needed;
    return {};
}

}  // namespace tarn::flow
