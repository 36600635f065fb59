// A sample's bytes and values, and what the decoder of events says of them.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sample.h"
#include "tarn/base/utf8.h"
#include "tarn/codec/json_decoder.h"
#include "tarn/io/file_system.h"

namespace tarn::cli {
namespace {

using Kind = SampleValue::Kind;

// How deep values are looked at, and how deep the decoder of events takes them.
constexpr size_t kMostDepth = 32, kMostDepthOfEvents = 512;

// Builds a SampleValue of what nlohmann reads.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
  public:
    bool null() override { return add({}); }
    bool boolean(bool value) override { return add({Kind::kBool, value ? "true" : "false"}); }
    bool number_integer(number_integer_t value) override {
        return add({Kind::kInteger, std::to_string(value)});
    }
    bool number_unsigned(number_unsigned_t value) override {
        return add({Kind::kInteger, std::to_string(value)});
    }
    // Also integers that 64 bits do not hold.
    bool number_float(number_float_t, const string_t& text) override {
        const bool whole = text.find_first_of(".eE") == text.npos;
        return add({whole ? Kind::kInteger : Kind::kNumber, text});
    }
    bool string(string_t& text) override { return add({Kind::kText, text}); }
    bool binary(binary_t&) override { return false; }
    bool start_object(size_t) override { return open(Kind::kObject); }
    bool key(string_t& name) override {
        if (skipped_ == 0) names_.back() = name;
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(size_t) override { return open(Kind::kList); }
    bool end_array() override { return close(); }
    bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override {
        return false;
    }
    SampleValue take() { return std::move(root_); }
    bool too_deep() const { return too_deep_; }

  private:
    bool open(Kind kind) {
        too_deep_ = open_.size() + skipped_ >= kMostDepthOfEvents;
        if (too_deep_) return false;
        if (skipped_ > 0 || open_.size() >= kMostDepth) {
            ++skipped_;
            return true;
        }
        open_.push_back({kind, {}});
        names_.emplace_back();
        return true;
    }
    bool close() {
        // A list of nothing stands for what is too deep to be looked at.
        if (skipped_ > 0) return --skipped_ > 0 || add({Kind::kList, {}});
        keep_last(open_.back().fields);
        auto value = std::move(open_.back());
        open_.pop_back();
        names_.pop_back();
        return add(std::move(value));
    }
    // Of a key that stands twice the last value counts, as it does for the decoder.
    static void keep_last(std::vector<std::pair<std::string, SampleValue>>& fields) {
        std::map<std::string_view, size_t> last;
        for (size_t i = 0; i < fields.size(); ++i)
            last[fields[i].first] = i;
        if (last.size() == fields.size()) return;
        std::vector<std::pair<std::string, SampleValue>> kept;
        for (size_t i = 0; i < fields.size(); ++i)
            if (last.at(fields[i].first) == i) kept.emplace_back(fields[i]);
        fields = std::move(kept);
    }
    bool add(SampleValue value) {
        if (skipped_ > 0) return true;
        if (open_.empty())
            root_ = std::move(value);
        else if (open_.back().kind == Kind::kList)
            open_.back().items.push_back(std::move(value));
        else
            open_.back().fields.emplace_back(names_.back(), std::move(value));
        return true;
    }

    SampleValue root_;
    std::vector<SampleValue> open_;
    std::vector<std::string> names_;
    size_t skipped_ = 0;  // containers that are open and too deep to be looked at
    bool too_deep_ = false;
};

}  // namespace

bool is_plain_text(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = uint8_t(text[i]);
        if (c < 0x20 || c == 0x7f) return false;
        const auto next = i + 1 < text.size() ? uint8_t(text[i + 1]) : 0;
        const auto after = i + 2 < text.size() ? uint8_t(text[i + 2]) : 0;
        if (c == 0xc2 && next < 0xa0) return false;                                       // C1
        if (c == 0xe2 && next == 0x80 && (after == 0xa8 || after == 0xa9)) return false;  // U+2028
        if (c == 0xef && (next == 0xbb || next == 0xbf)) return false;  // U+FEFF, U+FFFE
    }
    return true;
}

Result<SampleValue> parse_sample(std::string_view line) {
    if (!valid_utf8(line)) return fail(ErrorCode::kInvalidArgument, "its text is not UTF-8");
    // The decoder of events takes none, unlike this parser.
    if (line.starts_with("\xef\xbb\xbf"))
        return fail(ErrorCode::kInvalidArgument, "it begins with a byte order mark");
    Builder builder;
    if (nlohmann::json::sax_parse(line.begin(), line.end(), &builder)) return builder.take();
    return fail(ErrorCode::kInvalidArgument,
                builder.too_deep()
                    ? fmt::format("it is nested more than {} deep", kMostDepthOfEvents)
                    : "it is not JSON");
}

Result<std::string> read_sample(const std::string& path) {
    // Not by its size, which a pipe does not have.
    const bool from_input = path == "-";
    std::unique_ptr<FILE, int (*)(FILE*)> file(
        from_input ? fdopen(dup(STDIN_FILENO), "r") : fopen(path.c_str(), "r"), fclose);
    if (!file) return fail(errno_error(errno, "open", path));
    constexpr size_t kChunk = size_t(1) << 20;
    std::string out;
    for (int64_t lines = 0; lines < kMostLines && out.size() < kMostBytes;) {
        const auto before = out.size();
        out.resize(before + kChunk);
        const auto got = fread(out.data() + before, 1, kChunk, file.get());
        out.resize(before + got);
        if (got < kChunk && ferror(file.get())) return fail(errno_error(errno, "read", path));
        lines += std::count(out.begin() + int64_t(before), out.end(), '\n');
        if (got < kChunk) return out;
    }
    // The last line may go on behind what was read.
    const auto end = out.rfind('\n');
    if (end == out.npos)
        return fail(ErrorCode::kInvalidArgument,
                    "there is no end of a line in its first 256 MiB: " + path);
    out.resize(end + 1);
    return out;
}

Result<std::set<std::string>> refused_columns(std::span<const SampleColumn> columns,
                                              std::span<const std::string_view> events) {
    codec::DecoderOptions options;
    for (const auto& column : columns) {
        const bool json = column.type == "json";
        TARN_TRY(auto type, codec::parse_column_type(json ? "text" : column.type));
        options.fields.push_back({column.name, type, false});
        codec::FieldForm form{.path = {}, .json = json};
        if (!column.path.empty()) form.path.push_back(column.path);
        if (form != codec::FieldForm()) options.forms[column.name] = form;
        codec::TimeForm time;
        time.unit = codec::parse_time_unit(column.unit).value_or(time.unit);
        time.zone = codec::parse_zone(column.zone);
        if (time != codec::TimeForm()) options.times[column.name] = time;
    }
    std::set<std::string> out;
    std::vector<codec::RecordView> records;
    std::vector<uint32_t> accepted;
    std::vector<codec::Rejected> rejected;
    codec::JsonDecoder decoder(options);
    constexpr size_t kMostOfBatch = 1000;
    for (size_t from = 0; from < events.size(); from += records.size()) {
        records.clear();
        for (auto event : events.subspan(from, std::min(kMostOfBatch, events.size() - from))) {
            codec::RecordView record;
            record.value = event;
            records.push_back(record);
        }
        TARN_RETURN_IF_ERROR(decoder.decode(records, nullptr, accepted, rejected));
        for (const auto& one : rejected)
            if (!one.field.empty()) out.insert(one.field);
    }
    return out;
}

}  // namespace tarn::cli
