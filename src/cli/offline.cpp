#include "offline.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "capabilities.h"
#include "tarn/host/machine.h"
#include "tarn/sql/functions.h"

namespace tarn::cli {

Result<std::unique_ptr<OfflineStores>> OfflineStores::open(const std::string& data,
                                                           project::Project project,
                                                           const Settings& settings) {
    std::unique_ptr<OfflineStores> out(new OfflineStores(data));
    out->project_ = std::move(project);
    TARN_TRY(auto folder, io::DataFolder::open(out->fs_, data));
    out->folder_.emplace(std::move(folder));
    TARN_RETURN_IF_ERROR(out->open_all(settings));
    return out;
}

Result<std::unique_ptr<OfflineStores>> OfflineStores::open_scratch(const std::string& data,
                                                                   project::Project project,
                                                                   const Settings& settings) {
    auto path = (std::filesystem::temp_directory_path() / "tarn-check-XXXXXX").string();
    if (!mkdtemp(path.data())) return fail(errno_error(errno, "cannot make a folder", path));
    std::unique_ptr<OfflineStores> out(new OfflineStores(path));
    out->scratch_ = true;
    out->project_ = std::move(project);
    if (out->fs_.exists(data + "/tables")) out->tables_ = data + "/tables";
    TARN_TRY(auto folder, io::DataFolder::open(out->fs_, path));
    out->folder_.emplace(std::move(folder));
    TARN_RETURN_IF_ERROR(out->open_all(settings));
    return out;
}

OfflineStores::~OfflineStores() {
    views_.reset();
    lake_.reset();
    engine_.reset();
    log_.reset();
    folder_.reset();
    if (scratch_) (void)fs_.remove_tree(data_);
}

Status OfflineStores::open_all(const Settings& settings) {
    auto log_options = log::log_options(settings);
    log_options.folder = data_ + "/log";
    log_options.start_number = folder_->start_number();
    TARN_TRY(log_,
             log::Log::open(log_options, {fs_, clock_, random_, failpoints_, metrics_, logger_}));
    project::keep_dead_letters(
        project_, [&](const std::string& name) { return log_->find_topic(name).has_value(); });
    sql::EngineOptions sql;
    sql.threads = 1;
    sql.spill_folder = data_ + "/spill/flows";
    TARN_TRY(engine_, sql::Engine::open(sql, fs_, nullptr));
    auto protect = [](const std::string& path, bool folder) -> Status {
        if (chmod(path.c_str(), folder ? 0700 : 0600) == 0) return {};
        return fail(errno_error(errno, "cannot protect", path));
    };
    for (const auto& capability : capabilities())
        TARN_RETURN_IF_ERROR(sql::lend_functions(*engine_, capability.sql_functions,
                                                 {fs_, random_, data_, protect}));
    TARN_TRY(lake_, lake::Lake::open(tables_, {fs_, clock_, random_, failpoints_, metrics_, logger_,
                                               *engine_, settings.duration("lake.keep_dropped")}));
    view::RocksOptions views;
    views.folder = data_ + "/views";
    TARN_TRY(views_, view::open_rocks_store(views, failpoints_));
    if (!scratch_) TARN_RETURN_IF_ERROR(lake_->remove_dropped());
    return {};
}

flow::RuntimeOptions OfflineStores::options() const {
    flow::RuntimeOptions out;
    out.state_folder = data_ + "/state";
    out.start_number = folder_->start_number();
    return out;
}

flow::RuntimeContext OfflineStores::context() {
    return {fs_,     clock_, random_, failpoints_, metrics_, logger_,
            nullptr, *log_,  *lake_,  *views_,     *engine_};
}

Status check_no_flows(io::FileSystem& fs, const std::string& data) {
    const auto flows = fs.list(data + "/state");
    if (!flows || flows->empty()) return {};
    return fail(ErrorCode::kFailedPrecondition,
                "nothing was removed: which versions the flows of " + data +
                    " have yet to read is not known while no Tarn runs on it. Start one: tarn up "
                    "--data " +
                    data);
}

}  // namespace tarn::cli
