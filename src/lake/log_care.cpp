#include "log_care.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tarn/delta/checksum.h"

namespace tarn::lake {
namespace {

// What is wrong with the checksum of a version; nothing also if it has none.
void look(io::FileSystem& fs, const delta::LogListing& log, const delta::Snapshot& state,
          const EachChecksum& each) {
    const auto name = log.checksums.find(state.version);
    if (name == log.checksums.end()) return;
    const auto text = fs.read_all(state.root + "/_delta_log/" + name->second);
    if (!text) return each(name->second, {text.error().message()});
    auto differences = delta::compare_checksum(*text, state);
    if (!differences) return each(name->second, {differences.error().message()});
    each(name->second, *std::move(differences));
}

}  // namespace

Status each_checksum(io::FileSystem& fs, const delta::LogListing& log,
                     const delta::Snapshot& newest, const EachChecksum& each) {
    const auto folder = newest.root + "/_delta_log";
    delta::Replay replay(newest.root);
    const auto oldest = newest.version - kMostChecksums;
    int64_t version = 0;
    for (; version < newest.version && log.commits.contains(version); ++version) {
        TARN_TRY(auto actions, delta::read_commit(fs, folder, version));
        TARN_RETURN_IF_ERROR(replay.apply_commit(version, std::move(actions)));
        if (version < oldest || !log.checksums.contains(version)) continue;
        TARN_TRY(const auto then, replay.snapshot());
        look(fs, log, *then, each);
    }
    for (version = std::max(version, oldest); version < newest.version; ++version) {
        const auto name = log.checksums.find(version);
        if (name == log.checksums.end()) continue;
        const auto text = fs.read_all(folder + "/" + name->second);
        if (!text) {
            each(name->second, {text.error().message()});
        } else if (const auto one = delta::compare_checksum(*text, newest); !one) {
            each(name->second, {one.error().message()});
        }
    }
    look(fs, log, newest, each);
    return {};
}

std::vector<std::string> holes(const delta::LogListing& log) {
    std::vector<std::string> out;
    const auto checkpoint = log.checkpoints.empty() ? -1 : log.checkpoints.front().version;
    int64_t expected = log.commits.empty() ? 0 : log.commits.begin()->first;
    for (const auto& [version, info] : log.commits) {
        const auto first = std::exchange(expected, version + 1), last = version - 1;
        if (first == version) continue;
        if (std::ranges::any_of(log.compactions, [&](const auto& one) {
                return one.first <= first && one.last >= last;
            }))
            continue;
        if (checkpoint >= last && !log.commits.contains(0)) continue;
        const auto lacks = first == last ? fmt::format("lacks version {}", first)
                                         : fmt::format("lacks versions {} to {}", first, last);
        out.push_back(lacks + (checkpoint >= last
                                   ? fmt::format("; the table is read from the checkpoint of "
                                                 "version {}, versions before it are not",
                                                 checkpoint)
                                   : ", and no checkpoint stands for them"));
    }
    return out;
}

namespace {

// Why a hint to a checkpoint of this version is not one to this checkpoint.
std::optional<std::string> other_than(const nlohmann::json& hint, const SeenCheckpoint& seen) {
    const auto& [checkpoint, counts] = seen;
    if (checkpoint.v2) return std::nullopt;
    auto number = [&](const char* name) -> std::optional<int64_t> {
        const auto at = hint.find(name);
        if (at == hint.end() || at->is_null()) return std::nullopt;
        return at->is_number_integer() ? at->get<int64_t>() : -1;
    };
    const auto files = int64_t(checkpoint.files.size());
    if (const auto parts = number("parts").value_or(1); parts != files)
        return fmt::format("says that the checkpoint of version {} has {} parts, it has {}",
                           checkpoint.version, parts, files);
    if (const auto size = number("size"); size && *size != counts.actions && *size != counts.files)
        return fmt::format("says that the checkpoint of version {} has {} actions, it has {}",
                           checkpoint.version, *size, counts.actions);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> wrong_hint(io::FileSystem& fs, const std::string& log_folder,
                                      const std::vector<SeenCheckpoint>& checkpoints) {
    const auto text = fs.read_all(log_folder + "/_last_checkpoint");
    if (!text) {
        if (text.error().code() == ErrorCode::kNotFound) return std::nullopt;
        return text.error().message();
    }
    const auto hint = nlohmann::json::parse(*text, nullptr, false);
    if (!hint.is_object() || !hint.contains("version") || !hint["version"].is_number_integer())
        return "is no JSON object with the version of a checkpoint";
    const auto version = hint["version"].get<int64_t>();
    std::optional<std::string> wrong;
    for (const auto& seen : checkpoints) {
        if (seen.checkpoint.version != version) continue;
        wrong = other_than(hint, seen);
        if (!wrong) return std::nullopt;
    }
    if (wrong) return wrong;
    return fmt::format("names version {}, of which there is no checkpoint", version);
}

}  // namespace tarn::lake
