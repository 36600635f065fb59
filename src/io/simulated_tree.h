#pragma once

// The names of the simulated disk: a tree as programs see it (live) and as it would be after power
// loss (durable), with the changes in between, in order. Private to io. Not thread-safe.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulated_content.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::io {

struct SimulatedNode {
    using Names = std::map<std::string, std::shared_ptr<SimulatedNode>>;

    bool folder = false;
    Names live, durable;       // of a folder
    SimulatedContent content;  // of a file
    uint64_t allocated = 0;    // bytes reserved by File::allocate
    bool linked = true;        // has a live name
    uint64_t lock_id = 0;      // of the FileLock that holds it, 0 if none
    Timestamp modified;

    // Space this file takes of the disk.
    uint64_t charge() const;
};
using SimulatedNodePtr = std::shared_ptr<SimulatedNode>;

class SimulatedTree {
  public:
    SimulatedTree();

    // Where a path leads: its folder, its last name, and what is there (null if nothing). The root
    // has no name.
    struct Place {
        SimulatedNodePtr folder;
        std::string name;
        SimulatedNodePtr node;
    };
    // Errors: kNotFound when the folder is not there; kInvalidArgument for "..".
    Result<Place> find(const std::string& path) const;
    // The node there. Errors: kNotFound.
    Result<SimulatedNodePtr> get(const std::string& path) const;

    // Changes of live names; durable after sync of the folder (of a rename: of either), with every
    // earlier change that it builds on.
    void link(const Place& place, SimulatedNodePtr node);
    void unlink(const Place& place);
    void rename(const Place& from, const Place& to);
    void sync(const SimulatedNodePtr& folder);

    // Power loss: each change that is not durable is lost with this chance, and with it those after
    // it of the same names. A rename happens as a whole or not at all. File contents follow with
    // their own chance.
    void crash(Random& random, double lost_name, double sector_survival);
    uint64_t used_bytes() const { return used_; }
    // Call with the charge before a file's content changed.
    void recharge(const SimulatedNode& node, uint64_t before) {
        used_ = used_ - before + node.charge();
    }

  private:
    // `folder/name` becomes `node` (null: goes); for a rename, `from_folder/from_name` goes.
    struct Change {
        SimulatedNodePtr folder;
        std::string name;
        SimulatedNodePtr node;
        SimulatedNodePtr from_folder;
        std::string from_name;
    };
    static void apply(const Change& change);
    void detach(const SimulatedNodePtr& node);
    void settle(const SimulatedNodePtr& node, Random& random, double survival);

    SimulatedNodePtr root_;
    std::vector<Change> pending_;
    uint64_t used_ = 0;
};

}  // namespace tarn::io
