#include "command_line.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capabilities.h"
#include "commands.h"
#include "tarn/host/error_ids.h"
#include "tarn/io/file_system.h"

namespace tarn::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What the command line answers with, having found nothing it could run.
std::string refused(std::vector<const char*> words) {
    words.insert(words.begin(), "tarn");
    CommandLine line(program(), all_commands());
    auto parsed = line.parse(words);
    if (parsed) return "(it was taken)";
    EXPECT_EQ(&parsed.error().id(), &errors::kUsage);
    return parsed.error().message();
}

TEST(CommandLine, ThePageOfCommandsIsWhatTheRowsSay) {
    io::LocalFileSystem fs;
    auto page = fs.read_all(TARN_SOURCE_DIR "/docs/reference/commands.md");
    ASSERT_TRUE(page);
    EXPECT_EQ(*page, commands_page(command_docs())) << "it is stale: make docs";
}

TEST(CommandLine, NoCommandStandsTwiceAndEachHasAnExample) {
    std::set<std::string_view> paths;
    for (const auto& row : all_commands()) {
        EXPECT_TRUE(paths.insert(row.path).second) << row.path;
        EXPECT_TRUE(row.text.ends_with('.') || !row.make) << row.path;
        EXPECT_THAT(row.example, HasSubstr("tarn ")) << row.path;
    }
    EXPECT_GT(paths.size(), 25u);
}

TEST(CommandLine, AnUnknownCommandIsAnsweredWithTheNearest) {
    EXPECT_EQ(refused({"tpic", "list"}),
              "unknown command: tpic. Did you mean topic? See: tarn --help");
    EXPECT_EQ(refused({"topic", "lsit"}),
              "unknown command: lsit. Did you mean list? See: tarn topic --help");
    EXPECT_EQ(refused({"demo", "trce"}),
              "unknown command: trce. Did you mean trace? See: tarn demo --help");
    EXPECT_EQ(refused({"frobnicate"}), "unknown command: frobnicate. See: tarn --help");
    EXPECT_THAT(refused({"dcs"}), testing::Not(HasSubstr("docs"))) << "hidden ones stay so";
    EXPECT_THAT(refused({"topic"}), StartsWith("a command is missing: one of list, describe, "));
    EXPECT_THAT(refused({}), StartsWith("a command is missing: one of up, sql, topic, "));
}

TEST(CommandLine, AnUnknownOptionIsAnsweredWithTheNearest) {
    EXPECT_EQ(refused({"topic", "list", "--dta", "x"}),
              "unknown option: --dta. Did you mean --data? See: tarn topic list --help");
    EXPECT_EQ(refused({"up", "--htp-port", "0"}),
              "unknown option: --htp-port. Did you mean --http-port? See: tarn up --help");
    EXPECT_EQ(refused({"sql", "select 1", "twice"}),
              "unknown argument: twice. See: tarn sql --help");
}

TEST(CommandLine, AValueThatCannotBeIsRefused) {
    EXPECT_THAT(refused({"sql", "select 1", "--format", "xml"}),
                StartsWith("--format: xml not in"));
    EXPECT_THAT(refused({"sql", "select 1", "--max-rows", "0"}), HasSubstr("must be 1 or more: 0"));
    EXPECT_THAT(refused({"demo", "--for", "0s"}), HasSubstr("must be more than nothing: 0s"));
    EXPECT_THAT(refused({"demo", "--rate", "0"}), HasSubstr("not in range"));
    EXPECT_THAT(refused({"topic", "describe"}), StartsWith("topic is required"));
}

// Two commands of which one stands below the other, and what they were told.
struct Told {
    std::string ran, data;
    bool data_given = false;
    int64_t number = -1;
    bool number_given = false;
} told;  // NOLINT: rows hold functions alone

class Above : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("--number", &number_, "Number").says(told.number_given);
    }
    Result<int> run(const host::Common& common) override {
        told.ran = "above";
        told.data = common.data;
        told.data_given = common.data_given;
        told.number = number_;
        return 3;
    }

  private:
    int64_t number_ = 7;
};

class Below final : public host::Command {
  public:
    Result<int> run(const host::Common&) override {
        told.ran = "below";
        return 4;
    }
};

constexpr host::CommandRow kRows[] = {
    {"above", "Runs by itself.", "tarn above", host::make_command<Above>},
    {"above below", "Runs below it.", "tarn above below", host::make_command<Below>},
};

Result<int> run(std::vector<const char*> words) {
    told = {};
    words.insert(words.begin(), "tarn");
    CommandLine line(program(), kRows);
    TARN_TRY(auto nothing_to_run, line.parse(words));
    EXPECT_FALSE(nothing_to_run);
    return line.run();
}

TEST(CommandLine, ACommandAboveAnotherRunsOnlyByItself) {
    EXPECT_EQ(run({"above"}), 3);
    EXPECT_EQ(told.ran, "above");
    EXPECT_EQ(run({"above", "below"}), 4);
    EXPECT_EQ(told.ran, "below");
}

TEST(CommandLine, OptionsAreThoseOfOneCall) {
    EXPECT_EQ(run({"above", "--number", "5", "--data", "here"}), 3);
    EXPECT_EQ(told.number, 5);
    EXPECT_TRUE(told.number_given);
    EXPECT_EQ(told.data, "here");
    EXPECT_TRUE(told.data_given);
    EXPECT_EQ(run({"above"}), 3);
    EXPECT_EQ(told.number, 7);
    EXPECT_FALSE(told.number_given);
    EXPECT_EQ(told.data, "tarn-data");
    EXPECT_FALSE(told.data_given);
}

}  // namespace
}  // namespace tarn::cli
