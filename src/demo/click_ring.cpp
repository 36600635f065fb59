#include "click_ring.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/base/check.h"
#include "tarn/codec/record_batch.h"

namespace tarn::demo {

constexpr int32_t kLatestMs = 60'000;
constexpr size_t kTimeLength = 24;  // 2026-01-31T23:59:59.123Z

enum class Defect : uint8_t { kNone, kCut, kWrongType, kMissingField, kNoObject };

struct ClickRing::Placed {
    uint32_t click = 0;  // index into the data
    uint32_t loop_lag = 0;
    int32_t ms = 0;  // of the intended send within the slot
    int32_t late_ms = 0;
    Defect defect = Defect::kNone;
    bool copy = false;
};

namespace {

// Writes the instant as RFC 3339 with milliseconds, keeping the second's text between calls.
class TimeText {
  public:
    void write(char* to, int64_t ms) {
        auto second = ms >= 0 ? ms / 1000 : (ms - 999) / 1000;
        if (second != second_) {
            second_ = second;
            auto text = format_rfc3339(Timestamp::from_ms(second * 1000));
            std::memcpy(prefix_, text.data(), 20);  // up to and with the point
        }
        std::memcpy(to, prefix_, 20);
        auto rest = int(ms - second * 1000);
        to[20] = char('0' + rest / 100);
        to[21] = char('0' + rest / 10 % 10);
        to[22] = char('0' + rest % 10);
        to[23] = 'Z';
    }

  private:
    int64_t second_ = INT64_MIN;
    char prefix_[20] = {};
};

void write_digits(char* to, int64_t value) {
    for (int i = 5; i >= 0; --i, value /= 10)
        to[i] = char('0' + value % 10);
}

std::string click_json(const ClickData& data, const Click& click, Defect defect) {
    constexpr std::string_view kTime = "2026-01-01T00:00:00.000Z", kLoop = "000000";
    if (defect == Defect::kNoObject)
        return fmt::format("click {:05}-{} lost its form", click.session, kLoop);
    auto session = fmt::format("{:05}-{}", click.session, kLoop);
    std::string out = fmt::format(R"({{"event_id":"e{0}-{1:03}","event_time":"{2}",)"
                                  R"("user_id":"u{0}","session_id":"s{0}","click":)",
                                  session, click.order, kTime);
    out += defect == Defect::kWrongType ? "\"many\"" : fmt::format("{}", click.order);
    if (defect != Defect::kMissingField)
        out += fmt::format(R"(,"page":"{}")", data.pages[click.page]);
    out += fmt::format(R"(,"category":"{}","country":"{}","price":{}}})",
                       data.categories[click.category], data.countries[click.country], click.price);
    if (defect == Defect::kCut) out.resize(out.size() * 4 / 5);
    return out;
}

}  // namespace

std::vector<std::vector<ClickRing::Placed>> ClickRing::place(const ClickData& data) const {
    Random random(shape_.seed);
    auto loop_us = slot_.us * int64_t(slots_.size());
    std::vector<int64_t> starts(data.sessions);
    for (auto& s : starts)
        s = int64_t(random.below(uint64_t(loop_us)));
    std::vector<std::vector<Placed>> slots(slots_.size());
    for (uint32_t i = 0; i < data.clicks.size(); ++i) {
        auto& click = data.clicks[i];
        auto at = starts[click.session] + click.offset.us;
        Placed placed;
        placed.click = i;
        placed.loop_lag = uint32_t(at / loop_us);
        auto in_loop = at % loop_us;
        placed.ms = int32_t(in_loop % slot_.us / 1000);
        auto late_from_ms = int32_t(shape_.late_from.ms());
        if (random.chance(shape_.late))
            placed.late_ms =
                late_from_ms + int32_t(random.below(uint64_t(kLatestMs - late_from_ms)));
        if (random.chance(shape_.broken)) placed.defect = Defect(1 + random.below(4));
        auto& slot = slots[size_t(in_loop / slot_.us)];
        slot.push_back(placed);
        if (random.chance(shape_.twice)) {
            placed.copy = true;
            slot.push_back(placed);
        }
    }
    for (auto& slot : slots)
        std::ranges::stable_sort(slot, {}, &Placed::ms);
    return slots;
}

SlotBatch ClickRing::build(const ClickData& data, const std::vector<Placed>& placed,
                           Patches& patches) const {
    SlotBatch out;
    codec::BatchBuilder builder;
    for (auto& p : placed) {
        auto& click = data.clicks[p.click];
        builder.add(p.ms, fmt::format("{:05}", click.session), click_json(data, click, p.defect));
        out.late += p.late_ms > 0;
        out.twice += p.copy;
        out.broken += p.defect != Defect::kNone;
    }
    if (placed.empty()) return out;
    patches.first_ms = placed.front().ms;
    auto batch = builder.finish();
    TARN_CHECK(batch.has_value(), "an uncompressed batch can always be built");
    out.batch = std::move(*batch);
    find_values(out);
    for (size_t i = 0; i < out.values.size(); ++i) {
        auto [at, length] = out.values[i];
        auto value = std::string_view(out.batch).substr(at, length);
        Patch patch;
        patch.loop_lag = placed[i].loop_lag;
        patch.time_ms = placed[i].ms - placed[i].late_ms;
        auto find = [&](std::string_view name, size_t skip) {
            auto found = value.find(name);
            return found == std::string_view::npos ? 0u : at + uint32_t(found + name.size() + skip);
        };
        patch.time_at = find("\"event_time\":\"", 0);
        patch.loop_at[0] = find("\"event_id\":\"e", 6);
        patch.loop_at[1] = find("\"user_id\":\"u", 6);
        patch.loop_at[2] = find("\"session_id\":\"s", 6);
        if (!patch.loop_at[0]) patch.loop_at[0] = find("click ", 6);
        for (auto& place : patch.loop_at)
            if (place + 6 > at + value.size()) place = 0;
        if (patch.time_at + kTimeLength > at + value.size()) patch.time_at = 0;
        patches.records.push_back(patch);
    }
    return out;
}

ClickRing::ClickRing(const ClickData& data, const LoadShape& shape)
    : shape_(shape), slot_(shape.slot) {
    auto events = double(data.clicks.size()) * (1 + shape.twice);
    auto slots = std::max<int64_t>(1, int64_t(events / double(shape.rate) / slot_.sec() + 0.5));
    // Whole slots in a loop: the slot's length takes up what is left over.
    slot_ = Duration::micros(
        std::max<int64_t>(1'000, int64_t(events / double(shape.rate) / double(slots) * 1e6)));
    slots_.resize(size_t(slots));
    patches_.resize(slots_.size());
    auto placed = place(data);
    for (size_t s = 0; s < slots_.size(); ++s) {
        std::vector<std::vector<Placed>> parts(static_cast<size_t>(shape_.partitions));
        // Fibonacci hashing spreads sessions over partitions; all clicks of a session stay in one.
        for (auto& p : placed[s])
            parts[(data.clicks[p.click].session * 2654435769u >> 8) % parts.size()].push_back(p);
        patches_[s].resize(parts.size());
        for (size_t p = 0; p < parts.size(); ++p)
            slots_[s].push_back(build(data, parts[p], patches_[s][p]));
        placed[s] = {};
    }
}

std::vector<SlotBatch>& ClickRing::stamp(int64_t slot, Timestamp start) {
    round_ = shape_.first_round + slot / int64_t(slots_.size());
    auto at_slot = size_t(slot % int64_t(slots_.size()));
    auto& batches = slots_[at_slot];
    TimeText text;
    auto start_ms = start.ms();
    for (size_t p = 0; p < batches.size(); ++p) {
        auto& b = batches[p];
        if (!b.count) continue;
        auto* bytes = b.batch.data();
        auto& patches = patches_[at_slot][p];
        for (auto& patch : patches.records) {
            if (patch.time_at) text.write(bytes + patch.time_at, start_ms + patch.time_ms);
            for (auto at : patch.loop_at)
                if (at) write_digits(bytes + at, (round_ - patch.loop_lag) % 1'000'000);
        }
        // Timestamps at 27 and 35 (record_batch.h); who signs the batch computes its crc.
        auto last_ms = load_be<int64_t>(bytes + 35) - load_be<int64_t>(bytes + 27);
        auto base_ms = start_ms + patches.first_ms;
        store_be<int64_t>(bytes + 27, base_ms);
        store_be<int64_t>(bytes + 35, base_ms + last_ms);
    }
    return batches;
}

}  // namespace tarn::demo
