#pragma once

// How a flow works: in epochs, each planned durably before it runs and committed in every sink
// before the next one is planned. So after a crash only the newest planned epoch can be incomplete:
// it is run again, which gives the same rows, and committed again, which each sink that has it
// ignores.
//
//   plan     epoch E with everything that could differ in a second run: input ranges, batch time,
//            watermark
//   run      decode, SQL, state; rows in the order of partitions, then offsets
//   commit   table: txn (appId = "<flow>/<generation>", version = E)
//            topic: writer (hash of flow, generation and sink; epoch E; parts 0, 1, …)
//            view: rows and E in one batch
//
// What is late is decided by the source alone, not by how it was cut into epochs: a flow that
// follows live, one that catches up and one that runs again after a crash give the same.
//
//   order      A topic is read in the order in which its batches were appended to the log, a table
//              by its versions. An epoch is a piece of that order.
//   watermark  The event time up to which a flow has all rows: the least over the partitions that
//              are not idle of their newest event time, less the bound; none while one of them had
//              no event. It never goes back, and moves no further than the time at which the
//              newest event was appended.
//   late       The rows of a batch (of a version) are judged by the watermark without them, at
//              the time at which they were appended. A row whose window's end + grace ≤ that is
//              late.
//   idle       A partition is idle when it had no event for longer than `idle` (one that never had
//              any: kSettle) while others had, by the times in the log. Of a time in which none had
//              an event half of `idle` counts at most: after a silence, or a clock that stepped,
//              each has time to be heard.
//   early      A row more than kMaxAhead ahead of the time at which it was appended counts for
//              nothing: a producer with a wrong clock must not close everyone's windows. It is in
//              no window (its pane would stay open, and its input be held, until that time comes)
//              and goes to the late topic with reason "early".
//
// event_times.h has it as code. Where it stands before an epoch is recorded in the epoch's plan.
//
// The journal <state>/<flow>/journal, used by the flow's thread alone:
//
//   file    := "TARNFLOW" version u32 = 4 | record…
//                 rewritten as a whole when most of it is no longer needed
//   record  := length u32 > 0 | crc32c u32 of the payload | payload
//   payload := item…
//                 one write is one record
//   item    := 1 flow generation n (kind name id[16] positions)×n
//                 the first; by source, where the generation began
//            | 2 epoch batch-time watermark counters n (source partition position position time)×n
//              n (name version)×n by-epoch passed newest n partitions×n
//                 plan: from and to, with the partition's time before; the versions of what the run
//                 depends on beside its input; by-epoch 1: of version 3; by source, how many
//                 partitions the watermark looks at; synced before it runs
//            | 3 epoch watermark counters needed n positions×n passed newest n times×n
//                 done: E stands in every sink; by source, what comes next
//   positions := n position×n
//                 by partition
//   position  := at within
//   times     := n time×n
//                 by partition
//   time      := newest heard
//
// Versions before, which are read and written anew as 4. 3: no times, and nothing behind the
// versions or the positions; the watermark before an epoch judged all its rows, and moved to the
// newest event time of any partition, less the bound. 2: one source, without kind and name;
// positions of one number (of a table: version · 2^20 + file); no versions in plans.
//
// Little-endian; numbers varints (zigzag), texts with varint length, times µs. A done record is not
// synced by itself: it goes out with the next plan, or when the flow is idle or stops. Plan's
// counters are those before E, done's those after. `needed` is the oldest epoch whose input the
// flow's state after E is made of (E + 1: none). A bad last record is a torn tail and is cut: its
// plan was never run. A bad record with another behind it is damage.
//
// A live flow's state is not stored: it is the input of the epochs from `needed` on, those since
// the first that may have rows in a window still open, run again under their recorded watermarks.
// Holds on the log keep that input, and move only when the `needed` that frees it is durable.

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/time.h"
#include "tarn/flow/node.h"

namespace tarn::flow {

inline constexpr Timestamp kNoTime{std::numeric_limits<int64_t>::min()};
inline constexpr Timestamp kNoWatermark = kNoTime;
inline constexpr Duration kMaxAhead = Duration::seconds(3600);
inline constexpr Duration kSettle = Duration::millis(400);

// Exact, of the generation so far.
struct Counters {
    int64_t rows_in = 0;   // records read
    int64_t rows_out = 0;  // rows written to the table, or changed in the view
    int64_t late =
        0;  // rows in no window because they came too late, or (early) with a time far ahead
    int64_t early = 0;  // of these, the early ones
    // Dead letters: records that do not decode, which the table's flow puts aside and others skip.
    // Of a model: rows in quarantine, which break a rule of it.
    int64_t rejected = 0;
    int64_t duplicates = 0;  // rows left out, since one with their key stands
    int64_t outside = 0;     // of the rejected, those older than the deduplication window
    friend bool operator==(const Counters&, const Counters&) = default;
};

// A place in a partition of a source, in the order of reading: an offset; a version and a file of
// it; a transaction and a row of it. `within` 0 is the start of `at`: all before it is read.
struct Position {
    int64_t at = 0, within = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};
// Of the partitions of each source.
using Positions = std::vector<std::vector<Position>>;

// How far event time has come in a partition.
struct PartitionTime {
    Timestamp newest = kNoTime;  // the greatest so far
    Duration heard = {};         // on LogTime::passed, when its last event came
    friend bool operator==(const PartitionTime&, const PartitionTime&) = default;
};
// The time in which a flow's source had events, by when they were appended.
struct LogTime {
    Duration passed = {};
    Timestamp newest = kNoTime;  // when the newest event was appended
    friend bool operator==(const LogTime&, const LogTime&) = default;
};

struct PartitionRange {
    int32_t source = 0, partition = 0;
    Position from, to;          // `to` exclusive
    PartitionTime before = {};  // of flows by event time
    friend bool operator==(const PartitionRange&, const PartitionRange&) = default;
};

// Which version of something named a run depends on: a contract, a schema, a key.
struct NamedVersion {
    std::string name;
    int64_t version = 0;
    friend bool operator==(const NamedVersion&, const NamedVersion&) = default;
};

struct EpochPlan {
    int64_t epoch = 0;
    Timestamp batch_time = {};
    Timestamp watermark = kNoWatermark;
    Counters before = {};
    std::vector<PartitionRange> ranges = {};  // by source and partition; only those with input
    std::vector<NamedVersion> versions = {};
    bool by_epoch = false;  // of a journal of version 3
    LogTime log_time = {};
    std::vector<size_t> partitions = {};  // by source, that the watermark looks at
    friend bool operator==(const EpochPlan&, const EpochPlan&) = default;
};

struct EpochDone {
    int64_t epoch = -1;
    Timestamp watermark = kNoWatermark;
    Counters after = {};
    int64_t needed = 0;  // plans of epochs below this are history
    Positions next = {};
    LogTime log_time = {};
    std::vector<std::vector<PartitionTime>> times = {};  // by source and partition
    friend bool operator==(const EpochDone&, const EpochDone&) = default;
};

struct JournalSource {
    Node node;
    Uuid id = {};
    std::vector<Position> start = {};  // of each partition, when the generation began
    friend bool operator==(const JournalSource&, const JournalSource&) = default;
};

struct JournalHeader {
    std::string flow, generation;
    std::vector<JournalSource> sources = {};
    friend bool operator==(const JournalHeader&, const JournalHeader&) = default;
};

}  // namespace tarn::flow
