#include "log_care.h"

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
    for (int64_t version = 0; version < newest.version && log.commits.contains(version);
         ++version) {
        TARN_TRY(auto actions, delta::read_commit(fs, folder, version));
        TARN_RETURN_IF_ERROR(replay.apply_commit(version, std::move(actions)));
        if (version < newest.version - kMostChecksums || !log.checksums.contains(version)) continue;
        TARN_TRY(const auto then, replay.snapshot());
        look(fs, log, *then, each);
    }
    look(fs, log, newest, each);
    return {};
}

std::optional<std::string> wrong_hint(io::FileSystem& fs, const std::string& log_folder,
                                      const delta::LogListing& log) {
    const auto text = fs.read_all(log_folder + "/_last_checkpoint");
    if (!text) {
        if (text.error().code() == ErrorCode::kNotFound) return std::nullopt;
        return text.error().message();
    }
    const auto hint = nlohmann::json::parse(*text, nullptr, false);
    if (!hint.is_object() || !hint.contains("version") || !hint["version"].is_number_integer())
        return "is no JSON object with the version of a checkpoint";
    const auto version = hint["version"].get<int64_t>();
    for (const auto& checkpoint : log.checkpoints)
        if (checkpoint.version == version) return std::nullopt;
    return fmt::format("names version {}, of which there is no checkpoint", version);
}

}  // namespace tarn::lake
