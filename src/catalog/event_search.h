#pragma once

// Finding one event: in a topic by its id, in a topic of late records or dead letters by where it
// came from, in tables by SQL. Every search has a bound; what lies further back is found in tables
// alone.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tarn/catalog/trace.h"
#include "tarn/codec/record_batch.h"

namespace tarn::catalog {

// Of each partition of a topic, the newest records that a search looks at.
inline constexpr int64_t kSearchedRecords = 20'000;

// A record of the log, as far as a search needs it.
struct FoundRecord {
    EventPlace place;
    Timestamp timestamp;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;  // as text
};

class EventSearch {
  public:
    explicit EventSearch(const host::Platform& platform) : platform_(platform) {}

    // Nothing if the log does not hold it any more, or not yet. Errors: kCorrupted, kIo.
    Result<std::optional<FoundRecord>> at(const EventPlace& place);
    // The oldest of the searched records whose value has this id, as event_id() finds it.
    Result<std::optional<FoundRecord>> by_id(const std::string& topic, const std::string& id,
                                             const std::string& field);
    // The record of a side topic (late, dead letters) that was made of the record at `source`.
    Result<std::optional<FoundRecord>> aside(const std::string& topic, const EventPlace& source);
    // Rows of a query over tables, at most 10, within 10 s. Errors: those of the query.
    Result<std::vector<nlohmann::json>> rows(const std::string& sql);

  private:
    // `visit` says when it has seen enough.
    using Visit = std::function<bool(const codec::RecordView&)>;
    Result<bool> scan(const log::PartitionId& partition, int64_t from, int64_t to,
                      const Visit& visit);
    Result<std::optional<FoundRecord>> first(
        const std::string& topic, const std::function<bool(const codec::RecordView&)>& is);
    const host::Platform& platform_;
    std::unique_ptr<sql::Session> session_;
};

// Whether a field of this name looks as if it told events apart: id, uuid, order_id, orderId.
bool names_id(std::string_view field);

struct EventId {
    std::string field, value;
};
// What an event's value calls itself: by `field`; where none is named by event_id, id, or the first
// that looks as an id. Where an id is wanted, by one that has it.
std::optional<EventId> event_id(std::string_view value, std::string_view field = {},
                                std::string_view wanted = {});

}  // namespace tarn::catalog
