#pragma once

// The generator's ledger: what the broker acknowledged, on disk.
//
//   <folder>/acknowledged.csv   a line an acknowledged batch: partition, base_offset, count, crc32
//                               (of its values, zlib's), sent_us (intended), acked_us, late, twice,
//                               broken
//   <folder>/producer.json      topic, the sums and the load's round, replaced twice a second: what
//                               the page's ledger strip shows, and where a later run over the same
//                               topic begins
//
// Neither is synced: the generator's own crash is not what it guards against.

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/io/file_system.h"

namespace tarn::demo {

struct LedgerSums {
    int64_t sent = 0, acknowledged = 0, late = 0, twice = 0, broken = 0;
    nlohmann::ordered_json json() const;
};

struct LedgerEntry {
    int32_t partition = 0;
    int64_t base_offset = 0;
    uint32_t count = 0, crc32 = 0, late = 0, twice = 0, broken = 0;
    Timestamp sent, acked;
};

class Ledger {
  public:
    static Result<Ledger> open(io::FileSystem& fs, const std::string& folder,
                               const std::string& topic);
    // Of an earlier run with this folder; -1 if there was none.
    int64_t last_round() const { return last_round_; }
    void set_round(int64_t round) { round_ = round; }
    void add_sent(uint32_t count) { sums_.sent += count; }
    void add(const LedgerEntry& entry);
    Status flush(Timestamp now, bool running);
    const LedgerSums& sums() const { return sums_; }

  private:
    Ledger(io::FileSystem& fs, std::string folder, std::unique_ptr<io::File> file)
        : fs_(&fs), folder_(std::move(folder)), file_(std::move(file)) {}
    io::FileSystem* fs_;
    std::string folder_, topic_;
    int64_t round_ = -1, last_round_ = -1;
    std::unique_ptr<io::File> file_;
    uint64_t written_ = 0;
    std::string pending_;
    LedgerSums sums_;
};

}  // namespace tarn::demo
