#include "tarn/demo/demo.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace tarn::demo {
namespace {

void add(host::ProducerLedger& sum, const nlohmann::json& one) {
    auto number = [&](const char* key) { return one.value(key, int64_t(0)); };
    sum.sent += number("sent");
    sum.acknowledged += number("acknowledged");
    sum.acknowledged_by_topic[one.value("topic", "clicks")] += number("acknowledged");
    sum.late_sent += number("late");
    sum.broken_sent += number("broken");
    sum.twice_sent += number("twice");
    if (!one.value("running", false)) return;  // one that has ended has said its last word
    Timestamp time{number("time_us")};
    sum.time = sum.running ? std::min(sum.time, time) : time;
    sum.running = true;
}

}  // namespace

std::optional<host::ProducerLedger> read_producers(io::FileSystem& fs, const std::string& data) {
    auto folder = data + "/demo";
    std::vector<std::string> paths = {folder + "/producer.json"};
    if (auto inner = fs.list(folder))
        for (auto& entry : *inner)
            if (entry.folder) paths.push_back(folder + "/" + entry.name + "/producer.json");
    std::optional<host::ProducerLedger> sum;
    Timestamp newest;
    for (auto& path : paths) {
        auto text = fs.read_all(path);
        if (!text) continue;
        auto one = nlohmann::json::parse(*text, nullptr, false);
        if (!one.is_object()) continue;
        if (!sum) sum.emplace();
        add(*sum, one);
        newest = std::max(newest, Timestamp{one.value("time_us", int64_t(0))});
    }
    if (sum && !sum->running) sum->time = newest;
    return sum;
}

}  // namespace tarn::demo
