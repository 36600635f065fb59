#include "simulated_tree.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tarn::io {

uint64_t SimulatedNode::charge() const {
    if (!linked || folder) return 0;
    constexpr uint64_t kPage = SimulatedContent::kPage;
    return std::max(content.live_bytes(), (allocated + kPage - 1) / kPage * kPage);
}

SimulatedTree::SimulatedTree() : root_(std::make_shared<SimulatedNode>()) { root_->folder = true; }

Result<SimulatedTree::Place> SimulatedTree::find(const std::string& path) const {
    Place place{nullptr, "", root_};
    for (size_t at = 0; at < path.size();) {
        auto slash = std::min(path.find('/', at), path.size());
        auto name = path.substr(at, slash - at);
        at = slash + 1;
        if (name.empty() || name == ".") continue;
        if (name == "..")
            return fail(ErrorCode::kInvalidArgument, "the simulated disk knows no \"..\": " + path);
        if (!place.node || !place.node->folder) return fail(errno_error(ENOENT, "find", path));
        auto found = place.node->live.find(name);
        auto node = found == place.node->live.end() ? nullptr : found->second;
        place = {place.node, std::move(name), std::move(node)};
    }
    return place;
}

Result<SimulatedNodePtr> SimulatedTree::get(const std::string& path) const {
    TARN_TRY(auto place, find(path));
    if (!place.node) return fail(errno_error(ENOENT, "find", path));
    return place.node;
}

void SimulatedTree::detach(const SimulatedNodePtr& node) {
    used_ -= node->charge();
    node->linked = false;
}

void SimulatedTree::link(const Place& place, SimulatedNodePtr node) {
    if (place.node) detach(place.node);
    used_ += node->charge();
    place.folder->live[place.name] = node;
    pending_.push_back({place.folder, place.name, std::move(node), nullptr, ""});
}

void SimulatedTree::unlink(const Place& place) {
    detach(place.node);
    place.folder->live.erase(place.name);
    pending_.push_back({place.folder, place.name, nullptr, nullptr, ""});
}

void SimulatedTree::rename(const Place& from, const Place& to) {
    if (to.node) detach(to.node);
    from.folder->live.erase(from.name);
    to.folder->live[to.name] = from.node;
    pending_.push_back({to.folder, to.name, from.node, from.folder, from.name});
}

void SimulatedTree::apply(const Change& change) {
    if (change.from_folder) change.from_folder->durable.erase(change.from_name);
    if (change.node)
        change.folder->durable[change.name] = change.node;
    else
        change.folder->durable.erase(change.name);
}

void SimulatedTree::sync(const SimulatedNodePtr& folder) {
    // Backwards: a change of a folder in the set goes, and brings the other folder of a rename into
    // the set.
    std::set<SimulatedNodePtr> folders{folder};
    std::vector<bool> goes(pending_.size());
    for (size_t i = pending_.size(); i-- > 0;) {
        const auto& change = pending_[i];
        goes[i] = folders.contains(change.folder) ||
                  (change.from_folder && folders.contains(change.from_folder));
        if (!goes[i]) continue;
        folders.insert(change.folder);
        if (change.from_folder) folders.insert(change.from_folder);
    }
    std::vector<Change> kept;
    for (size_t i = 0; i < pending_.size(); ++i) {
        if (goes[i])
            apply(pending_[i]);
        else
            kept.push_back(std::move(pending_[i]));
    }
    pending_ = std::move(kept);
}

void SimulatedTree::crash(Random& random, double lost_name, double sector_survival) {
    std::set<std::pair<SimulatedNodePtr, std::string>> lost;
    for (const auto& change : pending_) {
        std::pair to(change.folder, change.name), from(change.from_folder, change.from_name);
        bool builds_on_lost = lost.contains(to) || (change.from_folder && lost.contains(from));
        if (!random.chance(lost_name) && !builds_on_lost) {
            apply(change);
            continue;
        }
        lost.insert(to);
        if (change.from_folder) lost.insert(from);
    }
    pending_.clear();
    used_ = 0;
    settle(root_, random, sector_survival);
}

void SimulatedTree::settle(const SimulatedNodePtr& node, Random& random, double survival) {
    node->linked = true;
    node->lock_id = 0;
    node->live = node->durable;
    for (const auto& [name, child] : node->live)
        settle(child, random, survival);
    if (node->folder) return;
    node->content.crash(random, survival);
    node->allocated = std::min(node->allocated, node->content.size());
    used_ += node->charge();
}

}  // namespace tarn::io
