#include "offline.h"

#include <sys/stat.h>

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
    TARN_TRY(lake_, lake::Lake::open(data_ + "/tables", {fs_, clock_, random_, failpoints_,
                                                         metrics_, logger_, *engine_}));
    view::RocksOptions views;
    views.folder = data_ + "/views";
    TARN_TRY(views_, view::open_rocks_store(views, failpoints_));
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

}  // namespace tarn::cli
