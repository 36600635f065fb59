#include "event_search.h"

#include <charconv>

#include <fmt/format.h>

#include "tarn/sql/json_result.h"

namespace tarn::catalog {
namespace {

constexpr size_t kFetchBytes = 1 << 20, kInflated = 64 << 20;

class RowList final : public sql::JsonRowSink {
  public:
    Status columns(std::span<const sql::ResultColumn>) override { return {}; }
    Status row(std::string_view json) override {
        rows.push_back(nlohmann::json::parse(json, nullptr, false));
        return {};
    }
    std::vector<nlohmann::json> rows;
};

Result<FoundRecord> found(const std::string& topic, int32_t partition,
                          const codec::RecordView& record) {
    FoundRecord out;
    out.place = {topic, partition, record.offset};
    out.timestamp = Timestamp::from_ms(record.timestamp_ms);
    if (record.value) out.value = std::string(*record.value);
    TARN_TRY(const auto headers, codec::decode_headers(record));
    for (const auto& header : headers)
        out.headers.emplace_back(header.key,
                                 header.value ? payload_of(*header.value).text : std::string());
    return out;
}

bool header_is(const std::vector<codec::HeaderView>& headers, std::string_view key,
               std::string_view value) {
    bool is = false;
    for (const auto& header : headers)
        if (header.key == key) is = header.value && *header.value == value;
    return is;  // the last one is ours
}

}  // namespace

bool names_id(std::string_view field) {
    for (std::string_view word : {"id", "uuid", "guid", "Id", "ID", "Uuid", "UUID"}) {
        if (!field.ends_with(word)) continue;
        auto before = field.substr(0, field.size() - word.size());
        if (before.empty() || before.ends_with('_') || word[0] < 'a') return true;
    }
    return false;
}

std::optional<EventId> event_id(std::string_view value, std::string_view field,
                                std::string_view wanted) {
    auto json = nlohmann::ordered_json::parse(value, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    std::vector<std::string> names;
    if (!field.empty())
        names = {std::string(field)};
    else {
        names = {"event_id", "id"};
        for (const auto& [name, content] : json.items())
            if (names_id(name)) names.push_back(name);
    }
    for (auto& name : names) {
        auto it = json.find(name);
        if (it == json.end() || it->is_null()) continue;
        auto text = it->is_string() ? it->get<std::string>() : it->dump();
        if (wanted.empty() || text == wanted) return EventId{std::move(name), std::move(text)};
    }
    return std::nullopt;
}

Result<bool> EventSearch::scan(const log::PartitionId& partition, int64_t from, int64_t to,
                               const Visit& visit) {
    for (int64_t next = from; next < to;) {
        auto fetched = platform_.log.fetch(partition, next, kFetchBytes);
        if (fetched.code == log::FetchCode::kOffsetOutOfRange)
            return false;  // retention was faster
        if (fetched.code != log::FetchCode::kOk)
            return fail(
                fetched.code == log::FetchCode::kDamaged ? ErrorCode::kCorrupted : ErrorCode::kIo,
                fmt::format("cannot read partition {} at offset {}: {}", partition.partition, next,
                            fetched.message));
        const int64_t before = next;
        for (const auto& slice : fetched.slices) {
            for (std::string_view bytes = slice.bytes; !bytes.empty();) {
                TARN_TRY(const auto header, codec::parse_batch_header(bytes));
                std::string scratch;
                std::vector<codec::RecordView> records;
                if (!header.control())
                    TARN_RETURN_IF_ERROR(codec::read_records(bytes.substr(0, header.total_size()),
                                                             scratch, kInflated, records));
                for (const auto& record : records) {
                    if (record.offset < next || record.offset >= to) continue;
                    if (visit(record)) return true;
                }
                next = std::max(next, header.next_offset());
                bytes.remove_prefix(header.total_size());
            }
        }
        if (next == before) break;
    }
    return false;
}

Result<std::optional<FoundRecord>> EventSearch::at(const EventPlace& place) {
    std::optional<FoundRecord> out;
    auto topic = platform_.log.find_topic(place.topic);
    if (!topic) return out;
    const log::PartitionId id{topic->id, place.partition};
    auto offsets = platform_.log.offsets(id);
    if (!offsets || place.offset < offsets->log_start_offset ||
        place.offset >= offsets->high_watermark)
        return out;
    Status status;
    TARN_RETURN_IF_ERROR(
        scan(id, place.offset, place.offset + 1, [&](const codec::RecordView& record) {
            auto made = found(place.topic, place.partition, record);
            if (made)
                out = std::move(*made);
            else
                status = fail(made.error());
            return true;
        }));
    TARN_RETURN_IF_ERROR(std::move(status));
    return out;
}

Result<std::optional<FoundRecord>> EventSearch::first(
    const std::string& topic, const std::function<bool(const codec::RecordView&)>& is) {
    std::optional<FoundRecord> out;
    auto info = platform_.log.find_topic(topic);
    if (!info) return out;
    for (int32_t p = 0; p < info->config.partitions; ++p) {
        const log::PartitionId id{info->id, p};
        auto offsets = platform_.log.offsets(id);
        if (!offsets) continue;
        auto from = std::max(offsets->log_start_offset, offsets->high_watermark - kSearchedRecords);
        std::optional<FoundRecord> here;
        Status status;
        TARN_RETURN_IF_ERROR(
            scan(id, from, offsets->high_watermark, [&](const codec::RecordView& record) {
                if (!is(record)) return false;
                auto made = found(topic, p, record);
                if (made)
                    here = std::move(*made);
                else
                    status = fail(made.error());
                return true;
            }));
        TARN_RETURN_IF_ERROR(std::move(status));
        if (here && (!out || here->timestamp < out->timestamp)) out = std::move(here);
    }
    return out;
}

Result<std::optional<FoundRecord>> EventSearch::by_id(const std::string& topic,
                                                      const std::string& id,
                                                      const std::string& field) {
    return first(topic, [&](const codec::RecordView& record) {
        return record.value && record.value->find(id) != record.value->npos &&
               event_id(*record.value, field, id).has_value();
    });
}

Result<std::optional<FoundRecord>> EventSearch::aside(const std::string& topic,
                                                      const EventPlace& source) {
    auto partition = std::to_string(source.partition), offset = std::to_string(source.offset);
    return first(topic, [&](const codec::RecordView& record) {
        if (record.headers.find(offset) == record.headers.npos) return false;
        auto headers = codec::decode_headers(record);
        return headers && header_is(*headers, "tarn.offset", offset) &&
               header_is(*headers, "tarn.partition", partition) &&
               header_is(*headers, "tarn.topic", source.topic);
    });
}

Result<std::vector<nlohmann::json>> EventSearch::rows(const std::string& sql) {
    if (!session_) {
        TARN_TRY(session_, platform_.sql.session());
    }
    RowList list;
    // An event has passed a table when it is committed.
    auto done = session_->query(
        sql, {.max_rows = 10, .timeout = Duration::seconds(10), .tails = false}, list);
    if (!done) return fail(done.error());
    return std::move(list.rows);
}

}  // namespace tarn::catalog
