#include "column_writer.h"

#include <algorithm>

namespace tarn::codec {

namespace {

// A column whose first values are mostly distinct is not coded.
constexpr uint32_t kProbe = 512;
constexpr uint32_t kMostDistinctOfProbe = 384;
constexpr uint32_t kLongestPause = 32;

__extension__ using Wide = unsigned __int128;

uint64_t mix(uint64_t a, uint64_t b) {
    auto product = Wide(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xe7037ed1a0b428db);
    return uint64_t(product) ^ uint64_t(product >> 64);
}

uint64_t low_word(const TextRef& ref) { return load_le<uint64_t>(&ref); }
uint64_t high_word(const TextRef& ref) { return load_le<uint64_t>(ref.bytes + 4); }

uint64_t hash_of(const TextRef& ref) {
    if (ref.length <= TextRef::kInline) return mix(low_word(ref), high_word(ref));
    auto s = ref.view();
    uint64_t h = s.size();
    size_t i = 0;
    for (; i + 8 < s.size(); i += 8)
        h = mix(h, load_le<uint64_t>(s.data() + i));
    return mix(h, load_le<uint64_t>(s.data() + s.size() - 8));
}

bool same(const TextRef& a, const TextRef& b) {
    if (low_word(a) != low_word(b)) return false;
    return a.length <= TextRef::kInline ? high_word(a) == high_word(b) : a.view() == b.view();
}

}  // namespace

void ColumnWriter::begin(size_t rows) {
    column_ = Column{};
    column_.type = type_;
    most_rows_ = rows;
    coding_ = limit_ > 0 && rows > 1;
    if (coding_ && pause_ > 0) {
        --pause_;
        coding_ = false;
    }
    if (coding_) {
        most_entries_ = uint32_t(std::min<size_t>(limit_, rows / 2));
        coded_values_ = 0;
        entries_.clear();
        column_.codes.resize_for_overwrite(rows);
        codes_ = column_.codes.data();
        if (slots_.empty()) slots_.resize(256);
        ++stamp_;
        if (stamp_ == 0) {  // wrapped: what is there must not look new
            std::ranges::fill(slots_, Slot{});
            stamp_ = 1;
        }
    } else {
        column_.data.resize_for_overwrite(rows * column_width(type_));
        values_ = column_.data.data();
    }
}

void ColumnWriter::put_null(size_t row) {
    column_.set_null(row, most_rows_);
    if (coding_)
        codes_[row] = 0;
    else
        std::memset(values_ + row * column_width(type_), 0, column_width(type_));
}

void ColumnWriter::put_coded(size_t row, TextRef ref) {
    ++coded_values_;
    uint64_t hash = hash_of(ref);
    size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        const auto& slot = slots_[i];
        if (slot.stamp != stamp_) return add_entry(row, ref, hash);
        if (slot.hash == hash && same(entries_[slot.code], ref)) {
            codes_[row] = slot.code;
            return;
        }
    }
}

void ColumnWriter::add_entry(size_t row, TextRef ref, uint64_t hash) {
    bool mostly_distinct = coded_values_ <= kProbe && entries_.size() >= kMostDistinctOfProbe;
    if (entries_.size() >= most_entries_ || mostly_distinct) {
        stop_coding(row);
        pause_ = next_pause_;
        next_pause_ = std::min(next_pause_ * 2, kLongestPause);
        put(row, ref);
        return;
    }
    if (entries_.size() * 2 >= slots_.size()) grow_table();
    size_t mask = slots_.size() - 1, i = hash & mask;
    while (slots_[i].stamp == stamp_)
        i = (i + 1) & mask;
    slots_[i] = {stamp_, uint32_t(entries_.size()), hash};
    codes_[row] = uint32_t(entries_.size());
    entries_.push_back(ref);
}

void ColumnWriter::grow_table() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    size_t mask = slots_.size() - 1;
    for (const auto& slot : old) {
        if (slot.stamp != stamp_) continue;
        size_t i = slot.hash & mask;
        while (slots_[i].stamp == stamp_)
            i = (i + 1) & mask;
        slots_[i] = slot;
    }
}

// Too many values: the rows before `rows` become plain.
void ColumnWriter::stop_coding(size_t rows) {
    coding_ = false;
    column_.data.resize_for_overwrite(most_rows_ * sizeof(TextRef));
    values_ = column_.data.data();
    for (size_t row = 0; row < rows; ++row)
        put(row, column_.is_null(row) ? TextRef() : entries_[codes_[row]]);
    column_.codes = {};
}

Column ColumnWriter::finish(size_t rows) {
    if (coding_ && entries_.empty()) stop_coding(rows);  // nothing but nulls
    if (coding_) {
        column_.dictionary = true;
        column_.codes.resize(rows);
        column_.data.resize_for_overwrite(entries_.size() * sizeof(TextRef));
        std::memcpy(column_.data.data(), entries_.data(), column_.data.size());
        next_pause_ = 1;
    } else {
        column_.data.resize(rows * column_width(type_));
    }
    if (!column_.validity.empty()) column_.validity.resize((rows + 63) / 64);
    values_ = nullptr;
    codes_ = nullptr;
    return std::move(column_);
}

}  // namespace tarn::codec
