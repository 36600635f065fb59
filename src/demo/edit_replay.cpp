#include "edit_replay.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo_text.h"
#include "tarn/base/check.h"
#include "tarn/codec/record_batch.h"

namespace tarn::demo {
namespace {

constexpr int64_t kDayMs = 24ll * 3600 * 1000;
constexpr Timestamp kFirstDay = Timestamp::from_ms(1'442'016'000'000);  // 2015-09-12T00:00:00Z

std::string json_text(std::string_view text) { return nlohmann::json(text).dump(); }

std::string json_of(std::string_view line, std::string_view wiki) {
    auto name_space = take_field(line, '\t'), page = take_field(line, '\t'),
         user = take_field(line, '\t'), flags = take_field(line, '\t');
    auto added = number_field(take_field(line, '\t')), deleted = number_field(line);
    auto flag = [&](char c) { return flags.find(c) != flags.npos; };
    return fmt::format(
        R"("wiki":{},"namespace":{},"page":{},"editor":{},"is_robot":{},"is_anonymous":{},)"
        R"("is_minor":{},"is_new":{},"is_unpatrolled":{},"added":{},"deleted":{}}})",
        json_text(wiki), json_text(name_space), json_text(page), json_text(user), flag('r'),
        flag('a'), flag('m'), flag('n'), flag('u'), added, deleted);
}

}  // namespace

Result<EditReplay> EditReplay::open(const ReplayShape& shape) {
    TARN_TRY(const auto text, demo_text("edits.tsv.zst"));
    std::vector<Edit> edits;
    std::string_view rest = text;
    take_field(rest, '\n');  // the header
    while (!rest.empty()) {
        auto line = take_field(rest, '\n');
        auto ms = number_field(take_field(line, '\t'));
        auto wiki = take_field(line, '\t');
        edits.push_back({ms, std::string(wiki), json_of(line, wiki)});
    }
    return EditReplay(shape, std::move(edits));
}

EditReplay::EditReplay(const ReplayShape& shape, std::vector<Edit> edits)
    : shape_(shape), edits_(std::move(edits)), round_(shape.first_round) {}

// The first slot begins with the first edit, not with the night before it.
int64_t EditReplay::replayed_ms(int64_t slot) const {
    auto elapsed = double(shape_.slot.us) * double(slot) / double(shape_.day.us);
    return (edits_.empty() ? 0 : edits_.front().ms) + int64_t(elapsed * double(kDayMs));
}

std::vector<SlotBatch>& EditReplay::stamp(int64_t slot, Timestamp start) {
    auto from = replayed_ms(slot), to = replayed_ms(slot + 1);
    std::vector<codec::BatchBuilder> builders(static_cast<size_t>(shape_.partitions));
    for (auto day = from / kDayMs; day * kDayMs < to; ++day) {
        round_ = shape_.first_round + day;
        auto at = std::ranges::lower_bound(edits_, from - day * kDayMs, {}, &Edit::ms);
        for (; at != edits_.end() && at->ms + day * kDayMs < to; ++at) {
            auto time = kFirstDay + Duration::millis(round_ * kDayMs + at->ms);
            auto value = fmt::format(R"({{"event_id":"w{:06}-{:05}","event_time":"{}",{})", round_,
                                     at - edits_.begin(), format_rfc3339(time), at->json);
            auto partition = std::hash<std::string>()(at->wiki) % builders.size();
            auto in_slot = (at->ms + day * kDayMs - from) * shape_.slot.ms() / (to - from);
            builders[partition].add(start.ms() + in_slot, at->wiki, value);
        }
    }
    batches_.assign(builders.size(), {});
    for (size_t p = 0; p < builders.size(); ++p) {
        if (builders[p].count() == 0) continue;
        auto batch = builders[p].finish();
        TARN_CHECK(batch.has_value(), "an uncompressed batch can always be built");
        batches_[p].batch = std::move(*batch);
        find_values(batches_[p]);
    }
    return batches_;
}

}  // namespace tarn::demo
