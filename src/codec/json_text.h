#pragma once

// JSON read byte by byte, strictly after RFC 8259, and the scalars of columns read from it. Slow
// and simple: the judge of every record that the fast walk of json_decoder.cpp does not understand.
// Private to codec.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tarn/codec/column_batch.h"
#include "tarn/codec/payload_format.h"

namespace tarn::codec {

inline constexpr int kMaxJsonDepth = 512;

inline bool is_json_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Walks over JSON text that it does not own. A failed skip leaves `why` set and `at` where it
// failed. UTF-8 is not looked at.
struct JsonCursor {
    const char* at;
    const char* end;
    const char* why = nullptr;

    void skip_blanks() {
        while (at < end && is_json_blank(*at))
            ++at;
    }
    // `depth` counts the containers around the value.
    bool skip_value(int depth);
    // From the opening quote to behind the closing one; all escapes are valid, and \u escapes make
    // whole characters.
    bool skip_string();
    bool skip_number();

  private:
    bool skip_container(int depth, char close);
    bool skip_member(int depth);
    bool skip_word(std::string_view word);
    bool skip_escape();
    bool fail(const char* reason) {
        why = reason;
        return false;
    }
};

// Appends what stands between the quotes of a string that skip_string accepted.
void unescape_json(std::string_view inside, std::string& out);

enum class Parsed : uint8_t { kOk, kMalformed, kOutOfRange, kNoZone, kZone, kTooFine };

// An integer without fraction or exponent; the text is a JSON number.
Parsed parse_json_int(std::string_view number, int64_t& out);
// Correctly rounded; too small is zero, too large is kOutOfRange. The text is a JSON number.
Parsed parse_json_double(std::string_view number, double& out);

// A number as JSON writes it, or what stands in a string (then zeros may lead), exactly: it never
// is a double. kTooFine: more digits behind the point than the type has, zeros at the end aside.
Parsed parse_decimal(std::string_view number, const ColumnType& type, bool zeros_lead, Int128& out);

// Times are those of the years 1 to 9999: what dates as text, and other readers of tables, hold.
inline constexpr int32_t kFirstDay = -719'162, kLastDay = 2'932'896;
inline constexpr int64_t kMicrosOfDay = 86'400'000'000;
inline bool is_time(int64_t us) {
    return us >= kFirstDay * kMicrosOfDay && us < (kLastDay + 1) * kMicrosOfDay;
}
inline bool is_date(int32_t days) { return days >= kFirstDay && days <= kLastDay; }

// A time as text in two parts, so that the first, which repeats, can be remembered:
// "2026-01-31T23:59" to the microseconds of that minute as if it were UTC, and what follows it, as
// ":58.123+02:00", to what has to be added. RFC 3339 (at most 9 digits behind the point), and
// beyond it a blank for T and before the offset, and offsets as +0200 and +02. Without one it is in
// `zone`, and if that is not known kNoZone.
inline constexpr size_t kMinuteSize = 16;
bool parse_minute(const char* text, int64_t& us);
Parsed parse_minute_rest(std::string_view text, std::optional<Duration> zone, int64_t& us);
Parsed parse_time(std::string_view text, std::optional<Duration> zone, int64_t& us);
// A time on some clock, without a zone: kZone if there is one.
Parsed parse_local_time(std::string_view text, int64_t& us);
// kOutOfRange: it is no time.
Parsed time_of_number(int64_t number, TimeForm::Unit unit, int64_t& us);
// "YYYY-MM-DD" to days since the epoch.
bool parse_iso_date(std::string_view text, int32_t& days);

}  // namespace tarn::codec
