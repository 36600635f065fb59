#include "drop.h"

#include <fmt/format.h>

#include "tarn/flow/error_ids.h"
#include "tarn/host/environment.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"

namespace tarn::cli {

Result<std::unique_ptr<OfflineStores>> stores_for_drop(const host::Common& common,
                                                       const ProjectFolder& project) {
    io::LocalFileSystem fs;
    if (!project.given() && !fs.exists(project.folder() + "/tarn.yml"))
        return fail(errors::kInUse,
                    "no Tarn runs on the data folder, and without the project it is not known "
                    "which flows there are: name the project's folder with --project");
    TARN_RETURN_IF_ERROR(io::DataFolder::check_format(fs, common.data));
    TARN_TRY(auto loaded, project.load());
    TARN_TRY(auto settings, host::load_settings(common.program.settings, {}, loaded.settings));
    return OfflineStores::open(common.data, std::move(loaded), settings);
}

void DropOutput::declare(host::Options& options) {
    options.add(kind_, &name_, "schema.name").required();
    options.add("--yes", &yes_, "Does it");
    if (kind_ == flow::kTableKind)
        options.add(
            "--purge", &purge_,
            "Its files go at once, and it cannot be brought back; also those of a table that "
            "was dropped before");
    project_.declare(options,
                     "Project folder, with tarn.yml: whose flows may use it, while no "
                     "Tarn runs");
}

Result<int> DropOutput::run(const host::Common& common) {
    if (!yes_) {
        const bool kept = kind_ == flow::kTableKind && !purge_;
        fmt::print(
            stderr, "{} {} would be removed with all that it holds{}. --yes does it.\n",
            kind_ == flow::kTableKind ? "Table" : "View", name_,
            kept ? fmt::format("; for a while `tarn table undrop {}` brings it back", name_) : "");
        return host::kExitUsage;
    }
    TARN_RETURN_IF_ERROR(drop(common));
    host::print_object(common.format, {{kind_, name_}, {"state", "dropped"}});
    return host::kExitOk;
}

Status DropOutput::drop(const host::Common& common) {
    TARN_TRY(auto name, host::path_segment(name_));
    io::LocalFileSystem fs;
    if (auto api = host::find_api(fs, common)) {
        TARN_RETURN_IF_ERROR(
            api->post(fmt::format("/api/v1/{}s/{}/drop", kind_, name),
                      purge_ ? nlohmann::json{{"purge", true}} : nlohmann::json::object()));
        return {};
    }
    TARN_TRY(auto stores, stores_for_drop(common, project_));
    return flow::drop_output({kind_, name_}, purge_ ? flow::Dropped::kPurged : flow::Dropped::kKept,
                             stores->project(), stores->options(), stores->context());
}

}  // namespace tarn::cli
