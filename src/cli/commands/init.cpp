// `tarn init`: a project for events that look like a sample.

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "capabilities.h"
#include "commands.h"
#include "sample_project.h"
#include "tarn/base/names.h"
#include "tarn/base/utf8.h"
#include "tarn/host/command.h"
#include "tarn/host/output.h"
#include "tarn/io/file_system.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/project/check.h"

namespace tarn::cli {
namespace {

class Init final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("folder", &folder_, "Where the project will be").value("FOLDER").required();
        options.add("--from", &from_, "Events, one JSON object a line; - reads standard input")
            .value("FILE")
            .required();
        options.add("--topic", &topic_, "The topic's name; without it, that of the file")
            .says(topic_given_);
    }

    Result<int> run(const host::Common& common) override {
        if (folder_.empty())
            return fail(ErrorCode::kInvalidArgument, "FOLDER is empty: name one for the project");
        TARN_TRY(auto names, names_of());
        io::LocalFileSystem fs;
        if (fs.exists(folder_ + "/tarn.yml") || fs.exists(folder_ + "/models"))
            return fail(ErrorCode::kAlreadyExists,
                        "there is a project already, which is left as it is: " + folder_);
        TARN_TRY(auto text, read_sample(from_));
        auto sample = look_at_sample(text);
        if (!sample) return fail(sample.error().with_context(from_));
        const auto files = project_of_sample(*sample, names);
        TARN_RETURN_IF_ERROR(try_out(files));
        TARN_RETURN_IF_ERROR(write(fs, files));
        host::TableOutput out(common.format, {"file", "what"});
        for (const auto& [path, content] : files)
            out.row({folder_ + "/" + path, what_of(path, *sample, names)});
        out.print();
        if (common.format == host::Format::kText)
            fmt::print("\nNow:\n  tarn up --project {}\n  tarn topic produce {}{}\n",
                       shell_word(folder_), names.topic,
                       is_stream() ? "  # with your events on its standard input"
                                   : " < " + shell_word(from_));
        return host::kExitOk;
    }

  private:
    using Files = std::map<std::string, std::string>;

    // Loads the project from memory, before anything is written.
    static Status try_out(const Files& files) {
        SystemClock clock;
        io::SimulatedDisk disk(1, clock);
        for (const auto& [path, content] : files) {
            TARN_RETURN_IF_ERROR(disk.create_folders(io::parent_path("/project/" + path)));
            TARN_RETURN_IF_ERROR(disk.replace("/project/" + path, content));
        }
        auto wrong = project::check_project(disk, "/project", all_sections());
        if (wrong.empty()) return {};
        const auto line = line_of(files.at("tarn.yml"), wrong[0].message());
        return fail(
            wrong[0].with_context("no project can be made of this sample, nothing was written" +
                                  (line.empty() ? "" : "; the line would be \"" + line + "\"")));
    }

    // The line of tarn.yml that a message is about; empty: none.
    static std::string line_of(const std::string& yml, const std::string& message) {
        constexpr std::string_view kFile = "tarn.yml:";
        constexpr size_t kMost = 200;
        const auto at = message.find(kFile);
        if (at == message.npos) return "";
        int number = 0;
        std::from_chars(message.data() + at + kFile.size(), message.data() + message.size(),
                        number);
        std::istringstream lines(yml);
        std::string line;
        for (int n = 0; n < number; ++n)
            if (!std::getline(lines, line)) return "";
        line.erase(0, line.find_first_not_of(' '));
        return line.substr(0, kMost);
    }

    // All files, or none.
    Status write(io::FileSystem& fs, const Files& files) const {
        const bool existed = fs.exists(folder_);
        auto write_all = [&]() -> Status {
            for (const auto& [path, content] : files) {
                TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(folder_ + "/" + path)));
                TARN_RETURN_IF_ERROR(fs.replace(folder_ + "/" + path, content));
            }
            return {};
        };
        auto written = write_all();
        if (written) return {};
        // Neither tarn.yml nor models were there. What goes wrong here is less than what is said.
        if (existed) {
            (void)fs.remove_tree(folder_ + "/models");
            (void)fs.remove(folder_ + "/tarn.yml");
        } else {
            (void)fs.remove_tree(folder_);
        }
        return written;
    }

    // Standard input, or another end of a pipe, which has no name of its own.
    bool is_stream() const { return from_ == "-" || from_.starts_with("/dev/"); }

    static std::string shell_word(const std::string& text) {
        constexpr std::string_view kPlain = "_@%+=:,./-";
        if (!text.empty() && std::ranges::all_of(text, [&](char c) {
                return is_name_part(std::string("a") + c) || kPlain.contains(c);
            }))
            return text;
        std::string out = "'";
        for (char c : text)
            out += c == '\'' ? "'\\''" : std::string(1, c);
        return out + "'";
    }

    Result<SampleNames> names_of() const {
        SampleNames out{.project = {}, .topic = topic_, .table = {}};
        if (!topic_given_ && is_stream())
            return fail(ErrorCode::kInvalidArgument,
                        "there is no file to call the topic after: --topic names it");
        auto stem = io::file_name(from_);
        stem = stem.substr(0, stem.find('.'));
        if (!topic_given_)
            for (char c : stem)
                out.topic += is_name_part(std::string("a") + c) || c == '-' ? c : '_';
        // The names of its other topics are longer.
        constexpr size_t kLonger = std::string_view(".dead_letters").size();
        if (!project::is_topic_name(out.topic))
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("no topic can be called \"{}\": {}, not . or ..", out.topic,
                                    project::kTopicNameRule));
        if (out.topic.size() + kLonger > 249)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("the topic's name is too long: {}, also with .dead_letters "
                                    "behind it: {}",
                                    project::kTopicNameRule, out.topic));
        for (char c : out.topic)
            out.table += is_name_part(std::string("a") + c) && c != '-' ? c : '_';
        if (!is_name_part(out.table.substr(0, 1))) out.table.insert(0, "t_");
        // With room for what stands behind it in a model's name.
        if (out.table.size() > kMostNamePart - 8) out.table.resize(kMostNamePart - 8);
        auto folder = folder_;
        while (folder.size() > 1 && folder.ends_with('/'))
            folder.pop_back();
        out.project = io::file_name(folder);
        if (out.project.empty() || out.project.starts_with('.') || !is_plain_text(out.project) ||
            !valid_utf8(out.project))
            out.project = out.topic;
        return out;
    }

    static std::string what_of(const std::string& path, const Sample& sample,
                               const SampleNames& names) {
        if (path == "tarn.yml")
            return fmt::format(
                "topic {} of {} columns, by {} events{}{}", names.topic, sample.columns.size(),
                sample.events,
                sample.left_out.empty()
                    ? ""
                    : fmt::format("; {} fields stay in _extra", sample.left_out.size()),
                sample.not_events == 0
                    ? ""
                    : fmt::format("; {} lines are none and will be dead letters, the first is {}",
                                  sample.not_events, sample.first_wrong));
        if (path.starts_with("models/live")) return fmt::format("windows by {}", sample.event_time);
        if (path.starts_with("models/silver")) return fmt::format("each {} once", sample.key);
        return "counts: no column is a time that every event has, so there are no windows";
    }

    std::string folder_, from_, topic_;
    bool topic_given_ = false;
};

constexpr host::CommandRow kCommands[] = {
    {"init", "Makes a project for events that look like a sample.",
     "tarn init shop --from orders.jsonl", host::make_command<Init>},
};

}  // namespace

std::span<const host::CommandRow> init_commands() { return kCommands; }

}  // namespace tarn::cli
