#pragma once

// Which records of a source a topic of side output holds already, by their place: what a rebuild
// does not write to it again. Read once from the topic, when nothing writes to it, and kept in a
// file, so that a second run of a batch leaves out the same records:
//
//   file  := "TARNSIDE" version:u32le everything:u8 count:varint range* crc:u32le
//   range := partition:zigzag from:zigzag length:varint
//
// crc: CRC-32C of all before it. Where several flows share the topic, what one wrote counts for the
// other too. Used by one thread.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/record_batch.h"
#include "tarn/io/file_system.h"
#include "tarn/log/log.h"

namespace tarn::flow {

class SideKnown {
  public:
    // Beyond so many ranges, 24 bytes each, everything counts as known.
    static constexpr size_t kMostRanges = 2'000'000;

    // Records that say, in our headers, that they are of the source of this name.
    static Result<SideKnown> of_topic(log::Log& log, const log::TopicInfo& topic,
                                      std::string_view source);
    // Of all records.
    static SideKnown everything();
    // A file that is not there is of an order of before: everything. Errors: kCorrupted, kIo.
    static Result<SideKnown> read(io::FileSystem& fs, const std::string& path);
    static Result<SideKnown> parse(std::string_view bytes, const std::string& path);
    std::string bytes() const;
    Status write(io::FileSystem& fs, const std::string& path) const;

    void add(int32_t partition, int64_t offset);
    bool contains(int32_t partition, int64_t offset) const;
    bool has_everything() const { return everything_; }

  private:
    // By partition, then from where on: where it ends.
    std::map<int32_t, std::map<int64_t, int64_t>> ranges_;
    size_t count_ = 0;
    bool everything_ = false;
};

// Where a record of a side output was read, by our headers.
struct SidePlace {
    std::string_view topic;
    int32_t partition = -1;
    int64_t offset = -1;  // −1: it does not say
};
Result<SidePlace> place_of(const codec::RecordView& record);

}  // namespace tarn::flow
