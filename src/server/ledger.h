#pragma once

// The ledger: what was sent, acknowledged and stored, compared at one epoch. Pure: figures in,
// verdict out.
//
// A flow's positions say what it has committed in all its sinks; the table's own statistics say
// what is stored. Both are comparable only when the table holds exactly the flow's last committed
// epoch, which the txn of the table's newest commit shows. Where they cannot be compared, or a
// figure is missing, lost and duplicated are not known.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host_names.h"
#include "tarn/base/mutex.h"
#include "tarn/flow/runtime.h"

namespace tarn::server {

// What one flow wrote and what its table says, read in the order: positions first, then the table.
struct LedgerReading {
    flow::FlowStatus flow;
    std::string table;        // empty: the flow has none
    bool entry = false;       // no flow writes the topic
    int64_t log_records = 0;  // high watermarks of the log itself, read after the positions
    std::optional<int64_t> table_version;
    std::optional<int64_t> table_rows;  // none: not readable, or a file without statistics
    std::optional<int64_t>
        table_epoch;      // of the flow's newest commit in the table; none: no such commit
    std::string problem;  // why the table could not be read
};

struct LedgerLine {
    std::string flow, topic, table;
    bool entry = false;
    std::optional<int64_t> epoch, table_version;
    int64_t log_records = 0, committed = 0, dead_letters = 0, in_flight = 0;
    std::optional<int64_t> stored, lost, duplicated;
    std::string unknown;
};

struct Ledger {
    Timestamp as_of;
    std::optional<ProducerLedger> producer;
    int64_t log_records = 0, committed = 0, dead_letters = 0, late = 0, in_flight = 0;
    std::optional<int64_t> bronze, lost, duplicated;
    std::string unknown;
    std::vector<LedgerLine> lines;
};

// Whether the table of a reading stands at the flow's epoch, so that rows and positions may be
// compared.
bool comparable(const LedgerReading& reading);
LedgerLine ledger_line(const LedgerReading& reading);
// A line of before with the log as it is now: else what producers have been told since would seem
// lost.
LedgerLine at_log(LedgerLine line, int64_t log_records);
// `late`: rows the live flows over entry topics refused as late.
Ledger ledger(std::vector<LedgerLine> lines, std::optional<ProducerLedger> producer, int64_t late,
              Timestamp as_of);

// Reads positions and tables until they agree on an epoch, at most a few times; keeps the last line
// that was comparable, so a figure lags by an epoch rather than being guessed. Thread-safe.
class LedgerReader {
  public:
    explicit LedgerReader(const Platform& context) : context_(context) {}
    Ledger read();

  private:
    LedgerReading read_flow(const flow::FlowStatus& flow, bool entry) const;
    const Platform& context_;
    Mutex mutex_;  // one reads at a time
    // By flow: the newest comparable line.
    std::map<std::string, LedgerLine> last_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::server
