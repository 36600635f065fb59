#pragma once

// The bytes of one file of the simulated disk: as programs see them (live) and as they would be
// after power loss (durable), with what was written in between. Private to io. Not thread-safe.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"

namespace tarn::io {

class SimulatedContent {
  public:
    static constexpr size_t kPage = 4096;
    static constexpr size_t kSector = 512;  // written as a whole or not at all

    uint64_t size() const { return live_.size; }
    size_t read(uint64_t offset, char* to, size_t n) const;
    void write(uint64_t offset, std::string_view bytes);
    // Bytes that go are zeros if the file grows again; what is new reads as zeros.
    void resize(uint64_t size);
    // Space taken by what is live, in whole pages.
    uint64_t live_bytes() const { return live_.pages.size() * kPage; }
    // Pages that writing there would add.
    uint64_t new_bytes(uint64_t offset, size_t n) const;

    // What is live is durable from now on.
    void sync();
    // A sync that failed: each unsynced sector became durable with the given chance, and no later
    // sync will try again; what is live may or may not still show the lost bytes (as a page cache
    // does).
    void fail_sync(Random& random, double survival);
    // Power loss: of each unsynced sector the newest version survives with the given chance, else
    // an older one written since the last sync with the same chance, and so on back to the durable
    // one. The size likewise.
    void crash(Random& random, double survival);
    // Flips a bit of the durable and live byte. False if there is no such byte.
    bool rot(uint64_t offset, int bit);

  private:
    using Page = std::array<char, kPage>;
    using Sector = std::array<char, kSector>;
    // Pages that are absent read as zeros; so does everything beyond the size.
    struct Image {
        std::map<uint64_t, std::shared_ptr<Page>> pages;  // shared between images until written
        uint64_t size = 0;

        Page& writable(uint64_t page);
        void cut_tail();
    };
    // What happened to a page since the last sync.
    struct Unsynced {
        uint8_t sectors = 0;  // bit i: sector i was written
        std::vector<std::pair<size_t, Sector>>
            older;  // versions that were overwritten, oldest first
    };

    void mark(uint64_t page, size_t from, size_t to);
    Image survivors(Random& random, double survival) const;

    Image live_, durable_;
    std::map<uint64_t, Unsynced> unsynced_;
};

}  // namespace tarn::io
