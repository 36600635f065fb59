#include "tarn/base/settings.h"

#include <gtest/gtest.h>

#include "tarn/base/base_settings.h"
#include "tarn/base/error_ids.h"
#include "tarn/base/logger.h"
#include "tarn/base/metrics.h"

namespace tarn {
namespace {

constexpr SettingDeclaration kDeclared[] = {
    {"log.segment.bytes", SettingType::kBytes, "128MB", "Size of a segment.", "64MB", 1 << 20},
    {"log.retention.max_age", SettingType::kDuration, "7d", "Age at which records go.", "1d", 0},
    {"http.port", SettingType::kInt, "8080", "Port of the HTTP listener.", "0", 0, 65535},
    {"demo", SettingType::kBool, "false", "Runs the demo.", "true"},
    {"s3.secret", SettingType::kText, "", "Secret key.", "", INT64_MIN, INT64_MAX, true, true},
};

TEST(SettingsTest, FlagBeforeEnvironmentBeforeFileBeforeDefault) {
    auto s =
        Settings::load(kDeclared, {{"http.port", "1"}},
                       {{"TARN_HTTP_PORT", "2"}, {"TARN_DEMO", "on"}, {"HOME", "/"}},
                       {{"http.port", "3"}, {"demo", "false"}, {"log.retention.max_age", "36h"}});
    ASSERT_TRUE(s) << s.error().message();
    EXPECT_EQ(s->integer("http.port"), 1);
    EXPECT_EQ(s->source("http.port"), SettingSource::kFlag);
    EXPECT_TRUE(s->boolean("demo"));
    EXPECT_EQ(s->source("demo"), SettingSource::kEnvironment);
    EXPECT_EQ(s->duration("log.retention.max_age"), Duration::seconds(36 * 3600));
    EXPECT_EQ(s->source("log.retention.max_age"), SettingSource::kFile);
    EXPECT_EQ(s->bytes("log.segment.bytes"), 128 << 20);
    EXPECT_EQ(s->source("log.segment.bytes"), SettingSource::kDefault);
}

std::string error_of(const Settings::Values& flags, const Settings::Values& environment,
                     const Settings::Values& file) {
    auto s = Settings::load(kDeclared, flags, environment, file, "tarn.yml");
    return s ? "fine" : s.error().message();
}

TEST(SettingsTest, MistakesNameTheSourceAndTheNearest) {
    EXPECT_EQ(error_of({}, {}, {{"http.prot", "1"}}),
              "unknown setting \"http.prot\" in tarn.yml: did you mean \"http.port\"?");
    EXPECT_EQ(error_of({{"zzz", "1"}}, {}, {}), "unknown setting \"zzz\" in the flags");
    EXPECT_EQ(
        error_of({}, {{"TARN_HTTP_PROT", "1"}}, {}),
        "unknown setting \"TARN_HTTP_PROT\" in the environment: did you mean \"TARN_HTTP_PORT\"?");
    EXPECT_EQ(error_of({}, {{"TARN_FAILPOINT", "x"}}, {}), "fine")
        << "other variables may be there";
    EXPECT_EQ(error_of({}, {}, {{"http.port", "many"}}),
              "setting \"http.port\" from tarn.yml: not a whole number: \"many\"");
    EXPECT_EQ(error_of({{"http.port", "70000"}}, {}, {}),
              "setting \"http.port\" from the flags is out of bounds: 70000 (from 0 to 65535)");
    EXPECT_EQ(error_of({}, {{"TARN_LOG_SEGMENT_BYTES", "4KB"}}, {}).substr(0, 77),
              "setting \"log.segment.bytes\" from environment variable TARN_LOG_SEGMENT_BYTES ");
}

TEST(SettingsTest, SecretsAreNotShown) {
    auto s = Settings::load(kDeclared, {{"s3.secret", "hush"}}, {}, {});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->text("s3.secret"), "hush");
    EXPECT_EQ(s->shown("s3.secret"), "***");
    EXPECT_EQ(s->shown("http.port"), "8080");
}

TEST(SettingsTest, Sizes) {
    EXPECT_EQ(*parse_bytes("4096"), 4096);
    EXPECT_EQ(*parse_bytes("64MB"), 64 << 20);
    EXPECT_EQ(*parse_bytes("1GiB"), 1 << 30);
    EXPECT_EQ(*parse_bytes("2k"), 2048);
    for (auto bad : {"", "MB", "-1", "1.5GB", "1XB", "9999999TB", "1 MB"})
        EXPECT_FALSE(parse_bytes(bad)) << bad;
    EXPECT_EQ(format_bytes(0), "0B");
    EXPECT_EQ(format_bytes(1 << 20), "1MiB");
    EXPECT_EQ(format_bytes(1536), "1536B");
    EXPECT_EQ(format_bytes(123'456'789), "117.7MiB");
}

TEST(SettingsTest, MemoryIsASizeOrAShare) {
    const auto of = [](const char* text) {
        Settings::Values flags;
        if (*text) flags["memory.limit"] = text;
        return Settings::load(base_settings(), flags, {}, {});
    };
    EXPECT_EQ(memory_setting(*of(""), "memory.limit", 8ll << 30), (8ll << 30) / 100 * 50);
    EXPECT_EQ(memory_setting(*of("25%"), "memory.limit", 8ll << 30), (8ll << 30) / 100 * 25);
    EXPECT_EQ(memory_setting(*of("1%"), "memory.limit", 8ll << 30), 256 << 20) << "the least";
    EXPECT_EQ(memory_setting(*of("1GiB"), "memory.limit", 8ll << 30), 1 << 30);
    for (const auto* wrong : {"0%", "101%", "%", "-5%", "1.5%", "1MiB", "x%"})
        EXPECT_FALSE(of(wrong)) << wrong;
    static constexpr SettingDeclaration kSize{"size", SettingType::kBytes, "1MiB", "", ""};
    EXPECT_FALSE(Settings::load({&kSize, 1}, {{"size", "5%"}}, {}, {})) << "of what?";
}

TEST(SettingsTest, NearestWord) {
    std::vector<std::string> known = {"topic", "table", "view"};
    EXPECT_EQ(nearest("tpoic", known), "topic") << "two letters swapped are one mistake";
    EXPECT_EQ(nearest("tabel", known), "table");
    EXPECT_EQ(nearest("flow", known), std::nullopt);
}

TEST(MetricsTest, ExpositionFormat) {
    Metrics metrics;
    auto& counter =
        metrics.counter("tarn_log_appended_bytes_total", "Bytes appended.", {{"topic", "clicks"}});
    counter.add(3);
    EXPECT_EQ(&counter, &metrics.counter("tarn_log_appended_bytes_total", "Bytes appended.",
                                         {{"topic", "clicks"}}));
    metrics.counter("tarn_log_appended_bytes_total", "Bytes appended.", {{"topic", "views"}}).add();
    metrics.gauge("tarn_log_lanes", "Lanes.").set(2);
    metrics.histogram("tarn_log_sync_seconds", "Syncs.", {0.001, 0.01}).observe(0.005);
    auto text = metrics.text();
    for (auto line : {"# TYPE tarn_log_appended_bytes_total counter\n",
                      "tarn_log_appended_bytes_total{topic=\"clicks\"} 3\n",
                      "tarn_log_appended_bytes_total{topic=\"views\"} 1\n", "tarn_log_lanes 2\n",
                      "tarn_log_sync_seconds_bucket{le=\"0.001\"} 0\n",
                      "tarn_log_sync_seconds_bucket{le=\"0.01\"} 1\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    EXPECT_EQ(counter.value(), 3);
    auto known = metrics.descriptors();
    ASSERT_EQ(known.size(), 3u);
    EXPECT_EQ(known[0].name, "tarn_log_appended_bytes_total");
    EXPECT_EQ(known[0].help, "Bytes appended.");
    EXPECT_EQ(known[0].kind, "counter");
    EXPECT_EQ(known[0].labels, std::vector<std::string>{"topic"});
    EXPECT_EQ(known[1].kind, "gauge");
    EXPECT_EQ(known[2].kind, "histogram");
    EXPECT_TRUE(known[2].labels.empty());
}

std::string logged(const Logger::Options& options, void (*write)(const Logger&)) {
    testing::internal::CaptureStderr();
    write(Logger::open(options).named("log"));
    return testing::internal::GetCapturedStderr();
}

TEST(LoggerTest, OneLineAnEvent) {
    auto write = [](const Logger& log) {
        log.info("segment\nsealed", {{"number", 7}, {"path", "a b\"\n"}, {"empty", ""}});
        log.debug("not shown");
    };
    auto text = logged({}, write);
    ASSERT_GT(text.size(), 28u);
    EXPECT_EQ(text.substr(28),
              "info  log: segment sealed number=7 path=\"a b\\\"\\n\" empty=\"\"\n");
    auto json = logged({.json = true}, write);
    EXPECT_EQ(json.substr(0, 9), "{\"time\":\"");
    EXPECT_EQ(json.substr(json.find(",\"level\"")),
              ",\"level\":\"info\",\"part\":\"log\",\"text\":\"segment\\nsealed\",\"number\":\"7\","
              "\"path\":\"a b\\\"\\n\",\"empty\":\"\"}\n");
}

TEST(LoggerTest, AnErrorCarriesItsId) {
    auto write = [](const Logger& log) {
        log.error("cannot", {{"reason", Error(errors::kDiskFull, "full")}, {"n", 1}});
    };
    EXPECT_EQ(logged({}, write).substr(28),
              "error log: cannot reason=full error_id=TARN-E0209 n=1\n");
    auto json = logged({.json = true}, write);
    EXPECT_NE(json.find("\"reason\":\"full\",\"error_id\":\"TARN-E0209\",\"n\":\"1\"}"),
              std::string::npos)
        << json;
}

TEST(LoggerTest, Levels) {
    EXPECT_EQ(*parse_log_level("warn"), LogLevel::kWarn);
    EXPECT_FALSE(parse_log_level("loud"));
    EXPECT_EQ(logged({.level = LogLevel::kOff}, [](const Logger& log) { log.error("x"); }), "");
    EXPECT_FALSE(Logger().enabled(LogLevel::kError)) << "the default drops everything";
}

}  // namespace
}  // namespace tarn
