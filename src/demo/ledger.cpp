#include "ledger.h"

#include <fmt/format.h>

namespace tarn::demo {

nlohmann::ordered_json LedgerSums::json() const {
    return {{"sent", sent},
            {"acknowledged", acknowledged},
            {"late", late},
            {"twice", twice},
            {"broken", broken}};
}

Result<Ledger> Ledger::open(io::FileSystem& fs, const std::string& folder,
                            const std::string& topic) {
    TARN_RETURN_IF_ERROR(fs.create_folders(folder));
    TARN_TRY(auto file, fs.open(folder + "/acknowledged.csv", {io::OpenMode::kCreate, false}));
    TARN_RETURN_IF_ERROR(file->truncate(0));
    Ledger ledger(fs, folder, std::move(file));
    ledger.topic_ = topic;
    if (auto text = fs.read_all(folder + "/producer.json")) {
        auto before = nlohmann::json::parse(*text, nullptr, false);
        if (before.is_object()) ledger.last_round_ = before.value("round", int64_t(-1));
    }
    ledger.round_ = ledger.last_round_;
    ledger.pending_ = "partition,base_offset,count,crc32,sent_us,acked_us,late,twice,broken\n";
    return ledger;
}

void Ledger::add(const LedgerEntry& e) {
    fmt::format_to(std::back_inserter(pending_), "{},{},{},{},{},{},{},{},{}\n", e.partition,
                   e.base_offset, e.count, e.crc32, e.sent.us, e.acked.us, e.late, e.twice,
                   e.broken);
    sums_.acknowledged += e.count;
    sums_.late += e.late;
    sums_.twice += e.twice;
    sums_.broken += e.broken;
}

Status Ledger::flush(Timestamp now, bool running) {
    TARN_RETURN_IF_ERROR(file_->write_at(written_, pending_));
    written_ += pending_.size();
    pending_.clear();
    auto json = sums_.json();
    json["topic"] = topic_;
    json["round"] = round_;
    json["time_us"] = now.us;
    json["running"] = running;
    // Beside and renamed over, so that a reader sees a whole one.
    auto path = folder_ + "/producer.json";
    TARN_TRY(auto file, fs_->open(path + ".new", {io::OpenMode::kCreate, false}));
    TARN_RETURN_IF_ERROR(file->truncate(0));
    TARN_RETURN_IF_ERROR(file->write_at(0, json.dump() + "\n"));
    return fs_->rename(path + ".new", path);
}

}  // namespace tarn::demo
