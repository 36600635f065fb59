#pragma once

// A flow's journal: protocol.h has the grammar. Used by one thread.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol.h"
#include "tarn/base/bytes.h"
#include "tarn/base/result.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"

namespace tarn::flow {

class Journal {
  public:
    // What version 2 does not say of its one source.
    struct OldSource {
        Node node;
        std::function<Position(int64_t packed)> position;
    };
    // Nothing if there is none yet. One of a version before is written anew. Errors: kCorrupted,
    // kUnsupported (a newer version), kIo, kResourceExhausted.
    static Result<std::unique_ptr<Journal>> open(io::FileSystem& fs, io::Failpoints& failpoints,
                                                 std::string path, const OldSource& old = {});
    // As it is, to look at: the file is left alone, also while its flow runs. It takes no plans.
    static Result<std::unique_ptr<Journal>> read(io::FileSystem& fs, io::Failpoints& failpoints,
                                                 std::string path, const OldSource& old = {});
    static Result<std::unique_ptr<Journal>> create(io::FileSystem& fs, io::Failpoints& failpoints,
                                                   std::string path, JournalHeader header);

    const JournalHeader& header() const { return header_; }
    const std::deque<EpochPlan>& plans() const { return plans_; }  // oldest first, the newest last
    // The newest epoch known to stand in every sink; older ones stand too. Epoch −1: none.
    const EpochDone& done() const { return done_; }

    // `needed` of the newest done record that is durable.
    int64_t needed() const { return needed_; }

    // Durable when it returns; takes a done record that is not written yet with it. After an error
    // of any kind but kResourceExhausted the journal takes no more plans.
    Status plan(EpochPlan plan);
    // Remembered; written with the next plan or by flush().
    void set_done(EpochDone done);
    // Makes the done record durable if it is not.
    Status flush();
    // Drops plans that are no longer needed. The file is rewritten when it has grown past this and
    // most of it is history.
    Status forget(uint64_t rewrite_bytes);

  private:
    Journal(io::FileSystem& fs, io::Failpoints& failpoints, std::string path)
        : fs_(fs), failpoints_(failpoints), path_(std::move(path)) {}
    Status load(std::string_view bytes, const OldSource& old);
    Status apply(ByteReader& in, const OldSource& old);
    Status append(const std::string& bytes);
    Status rewrite();
    Status replace();
    Status poisoned(Status status);

    io::FileSystem& fs_;
    io::Failpoints& failpoints_;
    const std::string path_;
    std::unique_ptr<io::File> file_;
    uint64_t end_ = 0;
    bool dirty_tail_ = false;
    bool done_written_ = true;
    int64_t needed_ = 0;
    std::string poison_;
    JournalHeader header_;
    std::deque<EpochPlan> plans_;
    EpochDone done_;
    uint32_t version_ = 0;  // of the file that is read
    void drop_history();
};

}  // namespace tarn::flow
