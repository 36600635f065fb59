#include "simulated_content.h"

#include <algorithm>
#include <cstring>

namespace tarn::io {

namespace {
// More versions of one page's sectors are not remembered.
constexpr size_t kMostOlderVersions = 16;
}  // namespace

SimulatedContent::Page& SimulatedContent::Image::writable(uint64_t page) {
    auto& slot = pages[page];
    if (!slot)
        slot = std::make_shared<Page>(Page{});
    else if (slot.use_count() > 1)
        slot = std::make_shared<Page>(*slot);
    return *slot;
}

void SimulatedContent::Image::cut_tail() {
    uint64_t whole = size / kPage;
    pages.erase(pages.lower_bound((size + kPage - 1) / kPage), pages.end());
    if (size % kPage != 0 && pages.contains(whole)) {
        auto& page = writable(whole);
        std::fill(page.begin() + long(size % kPage), page.end(), 0);
    }
}

size_t SimulatedContent::read(uint64_t offset, char* to, size_t n) const {
    if (offset >= live_.size) return 0;
    n = size_t(std::min<uint64_t>(n, live_.size - offset));
    for (size_t done = 0; done < n;) {
        uint64_t at = offset + done;
        size_t within = at % kPage, length = std::min(kPage - within, n - done);
        auto found = live_.pages.find(at / kPage);
        if (found == live_.pages.end())
            std::memset(to + done, 0, length);
        else
            std::memcpy(to + done, found->second->data() + within, length);
        done += length;
    }
    return n;
}

void SimulatedContent::mark(uint64_t page, size_t from, size_t to) {
    auto& unsynced = unsynced_[page];
    auto found = live_.pages.find(page);
    for (size_t s = from / kSector; s <= (to - 1) / kSector; ++s) {
        auto bit = uint8_t(1u << s);
        if ((unsynced.sectors & bit) && unsynced.older.size() < kMostOlderVersions) {
            Sector old{};
            if (found != live_.pages.end())
                std::memcpy(old.data(), found->second->data() + s * kSector, kSector);
            unsynced.older.emplace_back(s, old);
        }
        unsynced.sectors |= bit;
    }
}

void SimulatedContent::write(uint64_t offset, std::string_view bytes) {
    for (size_t done = 0; done < bytes.size();) {
        uint64_t at = offset + done;
        size_t within = at % kPage, length = std::min(kPage - within, bytes.size() - done);
        mark(at / kPage, within, within + length);
        std::memcpy(live_.writable(at / kPage).data() + within, bytes.data() + done, length);
        done += length;
    }
    live_.size = std::max(live_.size, offset + bytes.size());
}

void SimulatedContent::resize(uint64_t size) {
    if (size < live_.size) {
        uint64_t first_gone = (size + kPage - 1) / kPage;
        if (size % kPage != 0 && live_.pages.contains(size / kPage))
            mark(size / kPage, size % kPage, kPage);
        // Of whole pages that go, only those matter that a crash could bring back.
        unsynced_.erase(unsynced_.lower_bound(first_gone), unsynced_.end());
        for (auto p = durable_.pages.lower_bound(first_gone); p != durable_.pages.end(); ++p)
            unsynced_[p->first].sectors = 0xff;
    }
    live_.size = size;
    live_.cut_tail();
}

uint64_t SimulatedContent::new_bytes(uint64_t offset, size_t n) const {
    uint64_t pages = 0;
    for (uint64_t p = offset / kPage; n > 0 && p <= (offset + n - 1) / kPage; ++p)
        pages += !live_.pages.contains(p);
    return pages * kPage;
}

void SimulatedContent::sync() {
    for (const auto& [page, unsynced] : unsynced_) {
        auto found = live_.pages.find(page);
        if (found == live_.pages.end())
            durable_.pages.erase(page);
        else
            durable_.pages[page] = found->second;
    }
    unsynced_.clear();
    durable_.size = live_.size;
    durable_.cut_tail();
}

SimulatedContent::Image SimulatedContent::survivors(Random& random, double survival) const {
    Image image = durable_;
    for (const auto& [page, unsynced] : unsynced_) {
        auto found = live_.pages.find(page);
        for (size_t s = 0; s < kPage / kSector; ++s) {
            if (!(unsynced.sectors >> s & 1)) continue;
            Sector sector{};
            bool survived = random.chance(survival);
            if (survived && found != live_.pages.end())
                std::memcpy(sector.data(), found->second->data() + s * kSector, kSector);
            for (auto old = unsynced.older.rbegin(); old != unsynced.older.rend() && !survived;
                 ++old) {
                if (old->first != s || !random.chance(survival)) continue;
                sector = old->second;
                survived = true;
            }
            if (survived)
                std::memcpy(image.writable(page).data() + s * kSector, sector.data(), kSector);
        }
    }
    if (live_.size != durable_.size) {
        auto [low, high] = std::minmax(live_.size, durable_.size);
        if (random.chance(survival))
            image.size = live_.size;
        else if (random.chance(survival))
            image.size = low + random.below(high - low + 1);
    }
    image.cut_tail();
    return image;
}

void SimulatedContent::fail_sync(Random& random, double survival) {
    durable_ = survivors(random, survival);
    unsynced_.clear();
    if (random.chance(0.5)) live_ = durable_;
}

void SimulatedContent::crash(Random& random, double survival) {
    live_ = durable_ = survivors(random, survival);
    unsynced_.clear();
}

bool SimulatedContent::rot(uint64_t offset, int bit) {
    if (offset >= durable_.size) return false;
    for (auto* image : {&durable_, &live_})
        if (offset < image->size) image->writable(offset / kPage)[offset % kPage] ^= char(1 << bit);
    return true;
}

}  // namespace tarn::io
