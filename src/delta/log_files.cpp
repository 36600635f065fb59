#include "tarn/delta/log_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "tarn/delta/paths.h"

namespace tarn::delta {
namespace {

constexpr size_t kVersionDigits = 20, kPartDigits = 10;

template <class T>
bool digits(std::string_view text, size_t count, T& value) {
    if (text.size() < count) return false;
    auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
    return error == std::errc() && end == text.data() + count;
}

// "OOOOOOOOOO.PPPPPPPPPP.parquet" or "UUID.json" or "UUID.parquet" behind "V.checkpoint.".
LogFile checkpoint_rest(LogFile file, std::string_view rest) {
    if (digits(rest, kPartDigits, file.part) && rest.size() > kPartDigits + 1 &&
        rest[kPartDigits] == '.' && digits(rest.substr(kPartDigits + 1), kPartDigits, file.parts) &&
        rest.substr(2 * kPartDigits + 1) == ".parquet") {
        bool sound = file.part >= 1 && file.part <= file.parts;
        file.kind = sound ? LogFileKind::kCheckpointPart : LogFileKind::kOther;
        return file;
    }
    constexpr size_t kUuid = 36;
    if (rest.size() > kUuid && rest[8] == '-' && rest[13] == '-') {
        auto ending = rest.substr(kUuid);
        file.json = ending == ".json";
        if (file.json || ending == ".parquet") file.kind = LogFileKind::kCheckpointV2;
    }
    return file;
}

}  // namespace

LogFile parse_log_name(std::string_view name) {
    LogFile file;
    if (!digits(name, kVersionDigits, file.version) || file.version < 0) return {};
    auto rest = name.substr(kVersionDigits);
    constexpr std::string_view kCheckpoint = ".checkpoint.";
    if (rest == ".json")
        file.kind = LogFileKind::kCommit;
    else if (rest == ".checkpoint.parquet")
        file.kind = LogFileKind::kCheckpoint;
    else if (rest == ".crc")
        file.kind = LogFileKind::kChecksum;
    else if (rest.starts_with(kCheckpoint))
        return checkpoint_rest(file, rest.substr(kCheckpoint.size()));
    else if (rest.starts_with('.') && digits(rest.substr(1), kVersionDigits, file.end_version) &&
             rest.substr(1 + kVersionDigits) == ".compacted.json")
        file.kind = LogFileKind::kCompacted;
    return file;
}

std::string commit_name(int64_t version) { return fmt::format("{:020}.json", version); }
std::string checkpoint_name(int64_t version) {
    return fmt::format("{:020}.checkpoint.parquet", version);
}

std::string checkpoint_name(int64_t version, const Uuid& id) {
    return fmt::format("{:020}.checkpoint.{}.parquet", version, id.str());
}
std::string name_of(const Sidecar& sidecar) { return io::file_name(percent_decode(sidecar.path)); }
std::string checksum_name(int64_t version) { return fmt::format("{:020}.crc", version); }

const Compaction* LogListing::compaction(int64_t from, int64_t to) const {
    const Compaction* best = nullptr;
    for (const auto& one : compactions)
        if (one.first == from && one.last <= to && (!best || one.last > best->last)) best = &one;
    return best;
}

int64_t LogListing::newest() const {
    int64_t version = commits.empty() ? -1 : commits.rbegin()->first;
    return checkpoints.empty() ? version : std::max(version, checkpoints.front().version);
}

Result<LogListing> list_log(io::FileSystem& fs, const std::string& log_folder) {
    auto names = fs.list(log_folder);
    if (!names) return fail(std::move(names).error().with_context("Delta log"));
    LogListing out;
    std::map<std::pair<int64_t, uint32_t>, std::map<uint32_t, std::string>> parts;
    for (auto& info : *names) {
        if (info.folder) continue;
        auto file = parse_log_name(info.name);
        if (info.size == 0 && file.kind == LogFileKind::kCommit) out.empty[file.version] = info;
        if (info.size == 0 && file.kind != LogFileKind::kChecksum) continue;
        if (file.kind == LogFileKind::kCommit) out.commits[file.version] = info;
        if (file.kind == LogFileKind::kChecksum) out.checksums[file.version] = info.name;
        if (file.kind == LogFileKind::kCompacted && file.end_version > file.version)
            out.compactions.push_back({file.version, file.end_version, info.name});
        if (file.kind == LogFileKind::kCheckpoint)
            out.checkpoints.push_back({file.version, {info.name}});
        if (file.kind == LogFileKind::kCheckpointV2)
            out.checkpoints.push_back({file.version, {info.name}, true, file.json});
        if (file.kind == LogFileKind::kCheckpointPart)
            parts[{file.version, file.parts}][file.part] = info.name;
    }
    for (auto& [key, found] : parts) {
        if (found.size() != key.second) continue;  // incomplete: as if it were not there
        Checkpoint checkpoint{key.first, {}};
        for (auto& [part, name] : found)
            checkpoint.files.push_back(name);
        out.checkpoints.push_back(std::move(checkpoint));
    }
    std::stable_sort(out.checkpoints.begin(), out.checkpoints.end(),
                     [](auto& a, auto& b) { return a.version > b.version; });
    return out;
}

}  // namespace tarn::delta
