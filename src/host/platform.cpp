#include "tarn/host/platform.h"

namespace tarn::host {

Flows flows_of(flow::Runtime& runtime) {
    return {
        .list = [&runtime] { return runtime.list(); },
        .describe = [&runtime](std::string_view name) { return runtime.describe(name); },
        .pause = [&runtime](std::string_view name) { return runtime.pause(name); },
        .resume = [&runtime](std::string_view name) { return runtime.resume(name); },
        .runs = [&runtime](size_t limit) { return runtime.runs(limit); },
        .rebuild = [&runtime](std::string_view name,
                              bool from_retained) { return runtime.rebuild(name, from_retained); }};
}

}  // namespace tarn::host
