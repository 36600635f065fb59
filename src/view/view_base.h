#pragma once

// What both stores' views share: the spec and those who listen.

#include <map>
#include <utility>

#include "row_codec.h"
#include "tarn/base/mutex.h"
#include "tarn/view/view.h"

namespace tarn::view {

class ViewBase : public View {
  public:
    ViewBase(ViewSpec spec, RowCodec codec) : spec_(std::move(spec)), codec_(std::move(codec)) {}
    const ViewSpec& spec() const override { return spec_; }
    uint64_t add_listener(std::function<void(const ViewCommit&)> listener) override {
        MutexLock lock(listeners_mutex_);
        listeners_.emplace(++last_token_, std::move(listener));
        return last_token_;
    }
    void remove_listener(uint64_t token) override {
        MutexLock lock(listeners_mutex_);
        listeners_.erase(token);
    }

  protected:
    // A call under way holds the mutex, so remove_listener waits for it.
    void notify(const ViewCommit& commit) {
        MutexLock lock(listeners_mutex_);
        for (auto& [token, listener] : listeners_)
            listener(commit);
    }
    const ViewSpec spec_;
    const RowCodec codec_;

  private:
    Mutex listeners_mutex_;
    uint64_t last_token_ TARN_GUARDED_BY(listeners_mutex_) = 0;
    std::map<uint64_t, std::function<void(const ViewCommit&)>> listeners_
        TARN_GUARDED_BY(listeners_mutex_);
};

// Bounds of a scan as encoded keys; an empty `to` means no bound.
struct KeyRange {
    std::string from, to;
};
inline Result<KeyRange> key_range(const RowCodec& codec, const ScanRange& range) {
    if ((range.from || range.to) && !codec.first_key_is_time()) {
        return fail(ErrorCode::kInvalidArgument,
                    "a range of time needs a view whose first key column is a time");
    }
    KeyRange keys;
    if (range.from) keys.from = RowCodec::key_from(*range.from);
    if (range.to) keys.to = RowCodec::key_from(*range.to);
    // NULL is no instant: a range of time leaves it out.
    if (range.to && !range.from) keys.from = RowCodec::first_not_null();
    return keys;
}

}  // namespace tarn::view
