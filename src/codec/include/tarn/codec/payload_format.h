#pragma once

// Payload formats as data: how the value of a record is written, and what makes columns of it. A
// format is a file under src/codec/formats: `PayloadFormat <name>_format()`.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/codec/record_batch.h"

namespace tarn::codec {

// Why a record is not a row. `record` is its index in the input.
struct Rejected {
    uint32_t record = 0;
    // "not a JSON object: …", "field is missing", "expected BIGINT, found string", …
    std::string reason;
    std::string field;  // empty if the record as a whole
};

// How the times of a field are written.
struct TimeForm {
    enum class Unit : uint8_t { kSeconds, kMillis, kMicros, kNanos };
    Unit unit = Unit::kMillis;          // of a number, since 1970
    std::optional<Duration> zone = {};  // east of UTC, of a text that has none; none: it is refused
    friend bool operator==(const TimeForm&, const TimeForm&) = default;
};
// Where a field's value is, and how it is taken.
struct FieldForm {
    // The names from the outermost object to the value; empty: the field of the column's name.
    std::vector<std::string> path = {};
    // The JSON text of any value, numbers and strings with their quotes, in place of what it means.
    bool json = false;
    friend bool operator==(const FieldForm&, const FieldForm&) = default;
};
// "s", "ms", "us" or "ns".
std::optional<TimeForm::Unit> parse_time_unit(std::string_view name);
std::vector<std::string> time_unit_names();
// "UTC", "Z", "+02:00", "+0200" or "+02".
std::optional<Duration> parse_zone(std::string_view text);

struct DecoderOptions {
    std::vector<ColumnSpec> fields;  // those that are declared
    // The text column that gathers what is not declared, as a JSON object (NULL where there is
    // nothing); empty: it is ignored.
    std::string extra_column;
    // Text columns with up to this many distinct values a batch, and at most half its records, may
    // be coded by a dictionary; 0: never.
    uint32_t dictionary_limit = 4096;
    // Names of the fields whose columns somebody reads; without it, all. The others have no column,
    // but are checked all the same: whether a record is accepted does not depend on who reads it.
    std::optional<std::vector<std::string>> wanted = std::nullopt;
    // Of the fields whose times are written otherwise than by default.
    std::map<std::string, TimeForm> times = {};
    // Of the fields that are not simply the value of their name.
    std::map<std::string, FieldForm> forms = {};
};

// Makes columns of records, a batch at a time. Not thread-safe; keeps buffers between calls.
class PayloadDecoder {
  public:
    virtual ~PayloadDecoder() = default;

    // The accepted records as rows, in order: the wanted fields in the order of their declaration,
    // then the extra column. `accepted[row]` is the index of its record; `rejected` is in order of
    // records; both are emptied first. What the records' views point into must stay valid during
    // the call, and as long as the batch if `keep_alive` holds it; a batch that points into it
    // keeps it. Errors: kInvalidArgument (two fields of one name, a wanted one that is none, too
    // much at once).
    virtual Result<std::shared_ptr<ColumnBatch>> decode(std::span<const RecordView> records,
                                                        std::shared_ptr<const void> keep_alive,
                                                        std::vector<uint32_t>& accepted,
                                                        std::vector<Rejected>& rejected) = 0;
};

struct PayloadFormat {
    std::string_view name;  // as tarn.yml has it
    std::string_view text;  // for the reference page: whole sentences
    // Null: records are not decoded but kept as they are, with the columns key and value, and none
    // is rejected.
    std::unique_ptr<PayloadDecoder> (*make_decoder)(const DecoderOptions& options) = nullptr;
};

std::span<const PayloadFormat> payload_formats();
// Null if there is none of that name.
const PayloadFormat* find_payload_format(std::string_view name);
std::vector<std::string> payload_format_names();

// What a topic has when nothing else is said.
inline constexpr std::string_view kDefaultFormat = "json";
// What keeps records as they are.
inline constexpr std::string_view kRawFormat = "raw";

}  // namespace tarn::codec
