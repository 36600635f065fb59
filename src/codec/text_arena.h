#pragma once

// Blocks of text that never move, kept alive by the batch whose values point into them. Private to
// codec.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tarn::codec {

class TextArena {
  public:
    // A copy of `s`, followed by readable bytes.
    std::string_view keep(std::string_view s) {
        if (s.size() + kReadable > size_ - used_) {
            size_ = std::max(kBlock, s.size() + kReadable);
            used_ = 0;
            blocks_.push_back(std::make_unique_for_overwrite<char[]>(size_));
        }
        char* to = blocks_.back().get() + used_;
        std::memcpy(to, s.data(), s.size());
        used_ += s.size();
        return {to, s.size()};
    }
    bool empty() const { return blocks_.empty(); }

  private:
    static constexpr size_t kBlock = 64 * 1024;
    static constexpr size_t kReadable = 16;
    std::vector<std::unique_ptr<char[]>> blocks_;
    size_t used_ = 0, size_ = 0;
};

}  // namespace tarn::codec
