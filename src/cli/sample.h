#pragma once

// What events look like, by a sample of them: one JSON object a line, as `tarn topic produce` takes
// them. For each field what was seen of it, and the column type that holds all of that.
//
// A type is chosen so that what comes later fits too: integers are bigint; numbers with digits
// behind the point are decimals where the name is one of money, or where they came as text, else
// doubles; what no one type holds is kept as JSON text. Used by one thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::cli {

// A JSON value with its numbers as they were written.
struct SampleValue {
    enum class Kind : uint8_t { kNull, kBool, kInteger, kNumber, kText, kObject, kList };
    Kind kind = Kind::kNull;
    std::string text;                                              // of a scalar
    std::vector<std::pair<std::string, SampleValue>> fields = {};  // of an object
    std::vector<SampleValue> items = {};                           // of a list
};
// What is nested more than 32 deep is an empty list. Errors: kInvalidArgument with what is wrong
// (no UTF-8, no JSON, nested deeper than events may be).
Result<SampleValue> parse_sample(std::string_view line);

// What was seen of one field, or of the elements of a list.
struct SeenField {
    std::string name;
    int64_t present = 0;                     // in so many objects, perhaps null
    int64_t values = 0;                      // not null
    std::set<SampleValue::Kind> kinds = {};  // of these
    // Numbers: digits before and behind the point, at most; integers: whether 64 bits hold all.
    int digits = 0, scale = 0;
    bool fits_64 = true, exponent = false;
    double least = 0, most = 0;
    // Texts: how many are …
    int64_t zoned_times = 0, local_times = 0, dates = 0, uuids = 0, decimals = 0;
    std::set<std::string> distinct = {};   // of scalars, up to kMostDistinct
    std::vector<SeenField> fields = {};    // of objects, in the order in which they came
    std::vector<SeenField> elements = {};  // of lists: none or one

    static constexpr size_t kMostDistinct = 1000;
    void see(const SampleValue& value);
    void add(const SeenField& other);  // what was seen of both; `present` and `distinct` aside
};

// How a field is declared. `type` as in tarn.yml.
struct SampleColumn {
    std::string name, path;  // `path` where the field has a name that no column can have
    std::string type;
    std::string unit = {}, zone = {}, note = {};
    bool required = false;
};

struct Sample {
    int64_t events = 0, not_events = 0;  // lines that are an object, and others
    std::string first_wrong = {};        // the first of the others and why; empty: none
    std::vector<SampleColumn> columns;
    std::vector<std::string> left_out;  // fields that stay in _extra
    // Columns by what they are for; empty: none is.
    std::string key, event_time, group, amount;
    Duration disorder, span;  // of the event times, in the order of the lines
};

// Whether a line of YAML may show it as it is: no controls of ASCII or of Unicode, no separators of
// lines.
bool is_plain_text(std::string_view text);

// The columns for which some of the events would be dead letters. Errors: as of the decoder.
Result<std::set<std::string>> refused_columns(std::span<const SampleColumn> columns,
                                              std::span<const std::string_view> events);

// Bounded: of a longer text the first kMostLines lines are looked at.
constexpr int64_t kMostLines = 20'000;
constexpr size_t kMostBytes = size_t(256) << 20;
// The lines that look_at_sample wants of a file, or of standard input ("-"), which may be a pipe
// and is read once. Errors: kNotFound, kIo; kInvalidArgument (no end of line in kMostBytes).
Result<std::string> read_sample(const std::string& path);
// Errors: kInvalidArgument (no line is an object).
Result<Sample> look_at_sample(std::string_view text);

}  // namespace tarn::cli
