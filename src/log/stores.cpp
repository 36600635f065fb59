#include "stores.h"

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/log/error_ids.h"

namespace tarn::log {
namespace {

constexpr uint32_t kVersion = 1;
constexpr int64_t kIdsAtOnce = 1000;

void encode_uuid(ByteWriter& out, const Uuid& id) {
    out.raw({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}
Uuid parse_uuid(ByteReader& in) {
    Uuid id;
    auto bytes = in.raw(id.bytes.size());
    std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
    return id;
}

}  // namespace

std::string encode_topics(const TopicsDocument& document) {
    ByteWriter out;
    encode_uuid(out, document.log_id);
    out.le<uint32_t>(document.next_number);
    out.varint(document.topics.size());
    for (auto& [number, info] : document.topics) {
        out.le<uint32_t>(number);
        out.sized(info.name);
        encode_uuid(out, info.id);
        out.le<int64_t>(info.created.us);
        out.le<uint8_t>(info.internal);
        auto& c = info.config;
        out.le<int32_t>(c.partitions);
        out.le<int64_t>(c.retention.us);
        out.le<int64_t>(c.retention_bytes);
        out.le<int32_t>(c.max_message_bytes);
        out.le<uint8_t>(uint8_t(c.timestamp_type));
        out.varint(c.raw.size());
        for (auto& [name, value] : c.raw) {
            out.sized(name);
            out.sized(value);
        }
    }
    return encode_document(kTopicsMagic, kVersion, out.buffer());
}

Result<TopicsDocument> parse_topics(std::string_view file, std::string_view path) {
    TARN_TRY(auto body, parse_document(file, kTopicsMagic, kVersion, path));
    ByteReader in(body);
    TopicsDocument document;
    document.log_id = parse_uuid(in);
    document.next_number = in.le<uint32_t>();
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        auto& [number, info] = document.topics.emplace_back();
        number = in.le<uint32_t>();
        info.name = in.sized();
        info.id = parse_uuid(in);
        info.created.us = in.le<int64_t>();
        info.internal = in.le<uint8_t>() != 0;
        auto& c = info.config;
        c.partitions = in.le<int32_t>();
        c.retention.us = in.le<int64_t>();
        c.retention_bytes = in.le<int64_t>();
        c.max_message_bytes = in.le<int32_t>();
        c.timestamp_type = TimestampType(in.le<uint8_t>() & 1);
        for (uint64_t m = in.varint(); m > 0 && in.ok(); --m) {
            std::string name(in.sized());
            c.raw[name] = in.sized();
        }
        if (c.partitions < 1 || c.partitions > 100'000) in.fail();
    }
    if (in.remaining() != 0) in.fail();
    TARN_RETURN_IF_ERROR(in.status(path));
    return document;
}

std::string encode_snapshot(const Snapshot& s) {
    ByteWriter out;
    out.le<uint64_t>(s.up_to_sequence);
    out.le<uint64_t>(s.freed_below);
    out.varint(s.freed.size());
    for (auto number : s.freed)
        out.le<uint64_t>(number);
    out.varint(s.sealed.size());
    for (auto& [number, sealed] : s.sealed) {
        out.le<uint64_t>(number);
        out.le<uint64_t>(sealed.end);
        out.le<uint64_t>(sealed.next_sequence);
    }
    out.varint(s.partitions.size());
    for (auto& p : s.partitions) {
        out.le<uint64_t>(p.key);
        out.le<int64_t>(p.log_start);
        out.le<int64_t>(p.next_offset);
        p.producers.encode(out);
        out.varint(p.open_transactions.size());
        for (auto& [producer, first] : p.open_transactions) {
            out.le<int64_t>(producer);
            out.le<int64_t>(first);
        }
    }
    return encode_document(kSnapshotMagic, kVersion, out.buffer());
}

Result<Snapshot> parse_snapshot(std::string_view file, std::string_view path) {
    TARN_TRY(auto body, parse_document(file, kSnapshotMagic, kVersion, path));
    ByteReader in(body);
    Snapshot s;
    s.up_to_sequence = in.le<uint64_t>();
    s.freed_below = in.le<uint64_t>();
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n)
        s.freed.insert(in.le<uint64_t>());
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        auto& sealed = s.sealed[in.le<uint64_t>()];
        sealed.end = in.le<uint64_t>();
        sealed.next_sequence = in.le<uint64_t>();
    }
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        auto& p = s.partitions.emplace_back();
        p.key = in.le<uint64_t>();
        p.log_start = in.le<int64_t>();
        p.next_offset = in.le<int64_t>();
        p.producers = ProducerTable::decode(in);
        for (uint64_t m = in.varint(); m > 0 && in.ok(); --m) {
            auto producer = in.le<int64_t>();
            p.open_transactions[producer] = in.le<int64_t>();
        }
    }
    if (in.remaining() != 0) in.fail();
    TARN_RETURN_IF_ERROR(in.status(path));
    return s;
}

Status ProducerIds::load() {
    TARN_TRY(auto body, load_document(fs_, path_, kProducerIdsMagic, kVersion));
    if (!body) return {};
    if (body->size() != 8) return fail(errors::kLogDamaged, "the file is damaged: " + path_);
    next_ = reserved_ = load_le<int64_t>(body->data());
    return {};
}

Result<int64_t> ProducerIds::next() {
    if (next_ == reserved_) {
        char body[8];
        store_le<int64_t>(body, reserved_ + kIdsAtOnce);
        TARN_RETURN_IF_ERROR(failpoints_.hit("log.producer_ids.before_replace"));
        TARN_RETURN_IF_ERROR(
            fs_.replace(path_, encode_document(kProducerIdsMagic, kVersion, {body, sizeof body})));
        reserved_ += kIdsAtOnce;
        TARN_RETURN_IF_ERROR(failpoints_.hit("log.producer_ids.after_replace"));
    }
    return next_++;
}

}  // namespace tarn::log
