// `tarn init`: a project for events that look like a sample.

#include <algorithm>

#include <fmt/format.h>

#include "capabilities.h"
#include "commands.h"
#include "sample_project.h"
#include "tarn/base/names.h"
#include "tarn/host/command.h"
#include "tarn/host/output.h"
#include "tarn/io/file_system.h"
#include "tarn/project/check.h"

namespace tarn::cli {
namespace {

class Init final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("folder", &folder_, "Where the project will be").value("FOLDER").required();
        options.add("--from", &from_, "Events, one JSON object a line").value("FILE").required();
        options.add("--topic", &topic_, "The topic's name; without it, that of the file");
    }

    Result<int> run(const host::Common& common) override {
        io::LocalFileSystem fs;
        if (fs.exists(folder_ + "/tarn.yml") || fs.exists(folder_ + "/models"))
            return fail(ErrorCode::kAlreadyExists,
                        "there is a project already, which is left as it is: " + folder_);
        TARN_TRY(auto text, fs.read_all(from_));
        auto sample = look_at_sample(text);
        if (!sample) return fail(sample.error().with_context(from_));
        TARN_TRY(auto names, names_of());
        const auto files = project_of_sample(*sample, names);
        for (const auto& [path, content] : files) {
            TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(folder_ + "/" + path)));
            TARN_RETURN_IF_ERROR(fs.replace(folder_ + "/" + path, content));
        }
        auto wrong = project::check_project(fs, folder_, all_sections());
        if (!wrong.empty())
            return fail(
                wrong[0].with_context("the project that was made cannot be read; what is "
                                      "wrong in it can be mended by hand"));
        host::TableOutput out(common.format, {"file", "what"});
        for (const auto& [path, content] : files)
            out.row({folder_ + "/" + path, what_of(path, *sample, names)});
        out.print();
        if (common.format == host::Format::kText)
            fmt::print("\nNow:\n  tarn up --project {}\n  tarn topic produce {} < {}\n", folder_,
                       names.topic, from_);
        return host::kExitOk;
    }

  private:
    Result<SampleNames> names_of() const {
        SampleNames out{.project = {}, .topic = topic_, .table = {}};
        auto stem = io::file_name(from_);
        stem = stem.substr(0, stem.find('.'));
        if (out.topic.empty())
            for (char c : stem)
                out.topic += is_name_part(std::string("a") + c) || c == '-' ? c : '_';
        for (char c : out.topic)
            out.table += is_name_part(std::string("a") + c) && c != '-' ? c : '_';
        if (!is_name_part(out.table)) out.table.insert(0, "t_");
        if (out.topic.empty() || !is_name_part(out.table))
            return fail(ErrorCode::kInvalidArgument,
                        "no topic can be called so; --topic names it: " + out.topic);
        auto folder = folder_;
        while (folder.size() > 1 && folder.ends_with('/'))
            folder.pop_back();
        out.project = io::file_name(folder);
        if (out.project.empty() || out.project.starts_with('.')) out.project = out.topic;
        return out;
    }

    static std::string what_of(const std::string& path, const Sample& sample,
                               const SampleNames& names) {
        if (path == "tarn.yml")
            return fmt::format("topic {} of {} columns, by {} events{}", names.topic,
                               sample.columns.size(), sample.events,
                               sample.not_events == 0
                                   ? ""
                                   : fmt::format("; {} lines are none and will be dead letters",
                                                 sample.not_events));
        if (path.starts_with("models/live")) return fmt::format("windows by {}", sample.event_time);
        if (path.starts_with("models/silver")) return fmt::format("each {} once", sample.key);
        return "counts: no column is a time that every event has, so there are no windows";
    }

    std::string folder_, from_, topic_;
};

constexpr host::CommandRow kCommands[] = {
    {"init", "Makes a project for events that look like a sample.",
     "tarn init shop --from orders.jsonl", host::make_command<Init>},
};

}  // namespace

std::span<const host::CommandRow> init_commands() { return kCommands; }

}  // namespace tarn::cli
