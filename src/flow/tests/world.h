#pragma once

// A project of clicks with all kinds of flows, and a producer that keeps a ledger of what was
// acknowledged.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "layers.h"
#include "test_platform.h"

namespace tarn::flow {

// Partition and offset of a record of the topic "clicks".
using Place = std::pair<int32_t, int64_t>;

// What the tables, topics and the view hold in the end.
struct Outcome {
    struct Click {
        int64_t time_us = 0;
        std::string page, user;
    };
    std::multimap<Place, Click> bronze;
    std::multimap<Place, std::string> dead_letters;  // with the original value
    struct Late {
        std::string reason;
        std::optional<int64_t> watermark_us;
        int64_t window_end_us = 0;
    };
    std::multimap<Place, Late> late;
    struct Window {
        int64_t start_us = 0;
        std::optional<std::string> page;
        auto operator<=>(const Window&) const = default;
    };
    std::map<Window, std::pair<int64_t, int64_t>> windows;  // views, users
    Layers layers;
};

class World final : public TestPlatform {
  public:
    explicit World(uint64_t seed);

    // A batch of random events: on time, late, far ahead, twice, broken. False if it was not
    // acknowledged.
    bool produce();
    Result<Outcome> read();

    std::map<Place, std::string> acknowledged;  // values by place
    std::set<std::string> sent;                 // all values ever sent
    bool rebuilds = false;                      // flows are built anew
    static constexpr int32_t kPartitions = 3;

  private:
    std::string event();
    Status read_bronze(Outcome& out);
    Status read_topic(const std::string& name, Outcome& out);
    Status read_view(Outcome& out);

    std::vector<std::string> repeatable_;
    int64_t next_id_ = 0;
};

// What must hold of an outcome, whatever happened on the way; empty if it does.
std::string check(const Outcome& outcome, const World& world);
// Nothing strikes any more: opens it if need be, lets it catch up, and checks what it holds.
std::string finish(World& world);

}  // namespace tarn::flow
