#include "side_known.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/codec/record_batch.h"
#include "tarn/flow/error_ids.h"
#include "topic_reader.h"

namespace tarn::flow {
namespace {

constexpr std::string_view kKnownMagic = "TARNSIDE";
constexpr uint32_t kKnownVersion = 1;
constexpr size_t kFetch = 1 << 20;

template <class T>
T number(std::string_view text) {
    T out = -1;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

Status add_records(std::string_view bytes, int64_t from, std::string_view source, SideKnown& out,
                   int64_t& next) {
    std::string scratch;
    std::vector<codec::RecordView> records;
    while (!bytes.empty()) {
        TARN_TRY(auto header, codec::parse_batch_header(bytes));
        records.clear();
        if (!header.control())
            TARN_RETURN_IF_ERROR(codec::read_records(bytes.substr(0, header.total_size()), scratch,
                                                     kMaxInflated, records));
        for (const auto& record : records) {
            if (record.offset < from) continue;
            TARN_TRY(auto place, place_of(record));
            if (place.topic == source && place.offset >= 0) out.add(place.partition, place.offset);
        }
        next = header.next_offset();
        bytes.remove_prefix(header.total_size());
    }
    return {};
}

}  // namespace

// The last header of a name is ours.
Result<SidePlace> place_of(const codec::RecordView& record) {
    SidePlace out;
    TARN_TRY(auto headers, codec::decode_headers(record));
    for (const auto& header : headers) {
        const auto value = header.value.value_or("");
        if (header.key == "tarn.topic") out.topic = value;
        if (header.key == "tarn.partition") out.partition = number<int32_t>(value);
        if (header.key == "tarn.offset") out.offset = number<int64_t>(value);
    }
    return out;
}

Result<SideKnown> SideKnown::of_topic(log::Log& log, const log::TopicInfo& topic,
                                      std::string_view source) {
    SideKnown out;
    for (int32_t p = 0; p < topic.config.partitions; ++p) {
        const log::PartitionId id{topic.id, p};
        auto offsets = log.offsets(id);
        if (!offsets) continue;
        for (auto at = offsets->log_start_offset; at < offsets->high_watermark;) {
            auto fetched = log.fetch(id, at, kFetch);
            if (fetched.code == log::FetchCode::kOffsetOutOfRange &&
                at < fetched.log_start_offset) {
                at = fetched.log_start_offset;  // retention was here
                continue;
            }
            if (fetched.code != log::FetchCode::kOk)
                return fail(ErrorCode::kIo,
                            fmt::format("cannot read topic {}: {}", topic.name, fetched.message));
            auto next = at;
            for (const auto& slice : fetched.slices)
                TARN_RETURN_IF_ERROR(add_records(slice.bytes, at, source, out, next));
            if (next <= at) break;
            at = next;
            if (out.count_ > kMostRanges) return everything();
        }
    }
    return out;
}

SideKnown SideKnown::everything() {
    SideKnown out;
    out.everything_ = true;
    return out;
}

void SideKnown::add(int32_t partition, int64_t offset) {
    if (contains(partition, offset)) return;
    auto& ranges = ranges_[partition];
    auto after = ranges.upper_bound(offset);
    auto to = offset + 1;
    if (after != ranges.end() && after->first == to) {
        to = after->second;
        after = ranges.erase(after);
        --count_;
    }
    if (after != ranges.begin() && std::prev(after)->second == offset) {
        std::prev(after)->second = to;
        return;
    }
    ranges.emplace_hint(after, offset, to);
    ++count_;
}

bool SideKnown::contains(int32_t partition, int64_t offset) const {
    if (everything_) return true;
    auto of = ranges_.find(partition);
    if (of == ranges_.end()) return false;
    auto after = of->second.upper_bound(offset);
    return after != of->second.begin() && std::prev(after)->second > offset;
}

std::string SideKnown::bytes() const {
    ByteWriter out;
    out.raw(kKnownMagic);
    out.le<uint32_t>(kKnownVersion);
    out.le<uint8_t>(everything_);
    out.varint(count_);
    for (const auto& [partition, ranges] : ranges_) {
        for (const auto& [from, to] : ranges) {
            out.zigzag(partition);
            out.zigzag(from);
            out.varint(uint64_t(to - from));
        }
    }
    auto bytes = out.take();
    ByteWriter crc;
    crc.le<uint32_t>(crc32c(bytes));
    return bytes + crc.take();
}

Result<SideKnown> SideKnown::parse(std::string_view bytes, const std::string& path) {
    constexpr size_t kCrc = 4;
    auto damaged = [&] {
        return fail(errors::kJournalDamaged,
                    "what a side output holds, kept for a rebuild, is damaged: " + path);
    };
    if (bytes.size() < kCrc || !bytes.starts_with(kKnownMagic)) return damaged();
    const auto body = bytes.substr(0, bytes.size() - kCrc);
    if (load_le<uint32_t>(bytes.data() + body.size()) != crc32c(body)) return damaged();
    ByteReader in(body);
    in.raw(kKnownMagic.size());
    if (in.le<uint32_t>() != kKnownVersion)
        return fail(errors::kJournalNewer,
                    "what is kept for a rebuild is of another version: " + path);
    SideKnown out;
    out.everything_ = in.le<uint8_t>() != 0;
    const auto count = in.varint();
    for (uint64_t i = 0; i < count && in.remaining() > 0; ++i) {
        const auto partition = in.zigzag();
        const auto from = in.zigzag();
        const auto length = in.varint();
        if (partition != int32_t(partition) || from < 0 || length == 0 ||
            length > uint64_t(INT64_MAX - from))
            return damaged();
        if (out.ranges_[int32_t(partition)].emplace(from, from + int64_t(length)).second)
            ++out.count_;
    }
    if (!in.status(path) || in.remaining() > 0 || out.count_ != count) return damaged();
    return out;
}

Result<SideKnown> SideKnown::read(io::FileSystem& fs, const std::string& path) {
    auto bytes = fs.read_all(path);
    if (!bytes && bytes.error().code() == ErrorCode::kNotFound) return everything();
    if (!bytes) return fail(bytes.error());
    return parse(*bytes, path);
}

Status SideKnown::write(io::FileSystem& fs, const std::string& path) const {
    TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(path)));
    return fs.replace(path, bytes());
}

}  // namespace tarn::flow
