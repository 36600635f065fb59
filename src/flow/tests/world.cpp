#include "world.h"

#include <fmt/format.h>

#include "layers.h"
#include "outputs.h"
#include "tarn/codec/record_batch.h"

namespace tarn::flow {
namespace {

constexpr int64_t kWindowUs = 5'000'000;
constexpr Duration kBound = Duration::seconds(4), kGrace = Duration::seconds(1);

constexpr std::string_view kProject = R"(
name: simulation
topics:
  clicks:
    partitions: 3
    retention: 20s
    columns:
      event_time: {type: timestamp, required: true}
      page: {type: text, required: true}
      user: {type: text, required: true}
      price: int
      id: int
    table: {name: bronze.clicks, every: 1s}
  clicks.late: {late_of: clicks, partitions: 2, retention: forever}
  clicks.dead_letters: {dead_letters_of: clicks, retention: forever}
)";
constexpr std::string_view kModel =
    R"({{ config(materialized='materialized_view', watermark='4s', grace='1s',
         late='clicks.late') }}
select tumble(event_time, interval '5 seconds') as window_start, page, count(*) as views,
       count(distinct "user") as users
from stream('clicks') group by grouping sets ((window_start), (window_start, page))
)";

constexpr std::string_view kSilver =
    R"({{ config(materialized='incremental', every='500ms', unique_key='id', event_time='event_time',
         deduplication_window='30s', quarantine='quarantine.silver_clicks') }}
select id, event_time, page, keyed_hash("user") as user_key, price, _partition, _offset,
       case when price % 10 = 7 then 'price ends in 7' end as _rejected
from {{ source('bronze', 'clicks') }}
)";
constexpr std::string_view kSessions =
    R"({{ config(materialized='incremental', every='500ms', watermark='4s', late='late.sessions') }}
select session(event_time, interval '3 seconds') as started_at, user_key, count(*) as clicks,
       max(event_time) as ended_at, arg_max(page, id) as exit_page
from {{ ref('clicks') }} group by 1, 2
)";
constexpr std::string_view kPages =
    R"({{ config(materialized='incremental', every='500ms', partition_by='day') }}
select cast(event_time as date) as day, page, count(*) as clicks, max(price) as dearest
from {{ ref('silver.clicks') }} group by all
)";
constexpr std::string_view kWindows =
    R"({{ config(materialized='incremental', incremental_strategy='append', every='500ms',
         watermark='4s', grace='2s', late='late.windows') }}
select tumble(event_time, interval '5 seconds') as window_start, page, count(*) as clicks,
       max(id) as newest
from {{ ref('silver.clicks') }} group by 1, 2
)";
constexpr std::string_view kUsers =
    R"({{ config(materialized='incremental', incremental_strategy='merge', every='500ms') }}
select user_key, page, count(*) as clicks, max(price) as dearest
from {{ ref('silver.clicks') }} group by all
)";
// Ranks stand in no order of time.
constexpr std::string_view kPlaces =
    R"({{ config(materialized='incremental', incremental_strategy='merge', every='500ms',
         unique_key='person', version='rank') }}
select "user" as person, (id * 7919) % 10007 as rank, page, id
from {{ source('bronze', 'clicks') }}
)";

int64_t floor_window(int64_t us) { return us - ((us % kWindowUs) + kWindowUs) % kWindowUs; }

}  // namespace

World::World(uint64_t seed) : TestPlatform(seed) {
    options.journal_rewrite_bytes = 2 << 10;  // so that rewriting is among what crashes strike
    options.max_epoch_rows = 60;
    options.checkpoint_divisor = 4000;
    ManualClock c;
    io::SimulatedDisk d(1, c);
    (void)d.create_folders("p/models/live");
    (void)d.replace("p/tarn.yml", kProject);
    (void)d.replace("p/models/live/pages.sql", kModel);
    (void)d.create_folders("p/models/silver");
    (void)d.create_folders("p/models/gold");
    (void)d.replace("p/models/silver/clicks.sql", kSilver);
    (void)d.replace("p/models/gold/sessions.sql", kSessions);
    (void)d.replace("p/models/gold/pages.sql", kPages);
    (void)d.replace("p/models/gold/windows.sql", kWindows);
    (void)d.replace("p/models/gold/users.sql", kUsers);
    (void)d.replace("p/models/gold/places.sql", kPlaces);
    project() = project::load_project(d, "p").value();
}

std::string World::event() {
    if (!repeatable_.empty() && random.chance(0.05))
        return repeatable_[random.below(repeatable_.size())];
    auto id = next_id_++;
    if (random.chance(0.03))
        return fmt::format(R"({{"event_time": {}, "page": "broken {}")", clock.now().ms(), id);
    if (random.chance(0.02))
        return fmt::format(R"({{"event_time": "yesterday", "page": "p", "user": "{}"}})", id);
    if (random.chance(0.02))
        return fmt::format(R"({{"event_time": {}, "user": "no page {}"}})", clock.now().ms(), id);
    auto ago = int64_t(random.below(2000));
    if (random.chance(0.05)) ago += int64_t(random.below(60'000));
    if (random.chance(0.005)) ago = -int64_t(7'200'000 + random.below(1'000'000'000));
    auto value = fmt::format(
        R"({{"event_time": {}, "page": "page {}", "user": "user {}", "price": {}, "id": {}}})",
        clock.now().ms() - ago, random.below(5), random.below(20), id % 100, id);
    repeatable_.push_back(value);
    return value;
}

bool World::produce() {
    codec::BatchBuilder builder;
    std::vector<std::string> values;
    for (auto n = 1 + random.below(30); n > 0; --n) {
        values.push_back(event());
        sent.insert(values.back());
        builder.add(clock.now().ms(), fmt::format("key {}", n), values.back());
    }
    auto topic = log().find_topic("clicks");
    if (!topic) return false;
    auto partition = int32_t(random.below(kPartitions));
    auto outcome = log().append_and_wait({.partition = {topic->id, partition},
                                          .batch = builder.finish().value(),
                                          .writer = std::nullopt});
    if (outcome.code != log::AppendCode::kOk) return false;
    for (size_t i = 0; i < values.size(); ++i)
        acknowledged[{partition, outcome.base_offset + int64_t(i)}] = values[i];
    return true;
}

Status World::read_bronze(Outcome& out) {
    TARN_TRY(auto sql, session());
    TARN_TRY(auto rows,
             sql->query_columns(
                 "select _partition, _offset, event_time, page, \"user\" from bronze.clicks"));
    for (size_t i = 0; i < rows.row_count; ++i) {
        out.bronze.emplace(
            Place{rows.columns[0].values<int32_t>()[i], rows.columns[1].values<int64_t>()[i]},
            Outcome::Click{rows.columns[2].values<int64_t>()[i],
                           std::string(rows.columns[3].text(i)),
                           std::string(rows.columns[4].text(i))});
    }
    return {};
}

Status World::read_topic(const std::string& name, Outcome& out) {
    auto topic = log().find_topic(name);
    if (!topic) return fail(ErrorCode::kNotFound, name);
    for (int32_t p = 0; p < topic->config.partitions; ++p) {
        for (int64_t at = 0;;) {
            auto fetched = log().fetch({topic->id, p}, at, 1 << 20);
            if (fetched.slices.empty()) break;
            for (const auto& slice : fetched.slices) {
                for (auto rest = slice.bytes; !rest.empty();) {
                    TARN_TRY(auto header, codec::parse_batch_header(rest));
                    std::vector<codec::RecordView> records;
                    std::string scratch;
                    TARN_RETURN_IF_ERROR(codec::read_records(rest.substr(0, header.total_size()),
                                                             scratch, 1 << 24, records));
                    for (const auto& record : records) {
                        TARN_TRY(auto headers, codec::decode_headers(record));
                        std::map<std::string, std::optional<std::string>> h;
                        for (const auto& one : headers)
                            h[std::string(one.key)] = one.value;
                        Place place{std::stoi(*h.at("tarn.partition")),
                                    std::stoll(*h.at("tarn.offset"))};
                        if (name == "clicks.dead_letters") {
                            out.dead_letters.emplace(place, record.value.value_or(""));
                        } else {
                            Outcome::Late late{*h.at("tarn.reason"), std::nullopt, 0};
                            if (h.at("tarn.watermark"))
                                late.watermark_us = parse_rfc3339(*h.at("tarn.watermark"))->us;
                            if (auto end = parse_rfc3339(*h.at("tarn.window_end")))
                                late.window_end_us = end->us;
                            out.late.emplace(place, late);
                        }
                    }
                    rest.remove_prefix(header.total_size());
                    at = header.next_offset();
                }
            }
        }
    }
    return {};
}

Status World::read_view(Outcome& out) {
    auto view = views().find("live.pages");
    TARN_TRY(auto rows, view->scan({}));
    auto views = rows->find("views"), users = rows->find("users"), page = rows->find("page");
    for (size_t i = 0; i < rows->row_count; ++i) {
        Outcome::Window window{rows->columns[0].values<int64_t>()[i], std::nullopt};
        if (!rows->columns[size_t(page)].is_null(i))
            window.page = rows->columns[size_t(page)].text(i);
        out.windows[window] = {rows->columns[size_t(views)].values<int64_t>()[i],
                               rows->columns[size_t(users)].values<int64_t>()[i]};
    }
    return {};
}

Result<Outcome> World::read() {
    Outcome out;
    TARN_RETURN_IF_ERROR(read_bronze(out));
    TARN_RETURN_IF_ERROR(read_topic("clicks.dead_letters", out));
    TARN_RETURN_IF_ERROR(read_topic("clicks.late", out));
    TARN_RETURN_IF_ERROR(read_view(out));
    TARN_TRY(auto sql, session());
    TARN_RETURN_IF_ERROR(read_layers(*sql, out.layers));
    return out;
}

std::string check(const Outcome& o, const World& world) {
    // Each acknowledged record once, as a row or a dead letter; nothing that was never sent.
    for (const auto& [place, value] : world.acknowledged) {
        auto n = o.bronze.count(place) + o.dead_letters.count(place);
        if (n != 1)
            return fmt::format("record {}:{} stands {} times: {}", place.first, place.second, n,
                               value);
        if (auto it = o.dead_letters.find(place); it != o.dead_letters.end() && it->second != value)
            return fmt::format("record {}:{} has other bytes as a dead letter", place.first,
                               place.second);
    }
    for (const auto& [place, click] : o.bronze)
        if (o.bronze.count(place) != 1)
            return fmt::format("row {}:{} stands twice", place.first, place.second);
    for (const auto& [place, value] : o.dead_letters) {
        if (o.dead_letters.count(place) != 1)
            return fmt::format("{}:{} is a dead letter twice", place.first, place.second);
        if (!world.sent.contains(value)) return "a dead letter was never sent: " + value;
    }
    // Late rows are rows, are late, and stand once.
    for (const auto& [place, late] : o.late) {
        auto where = fmt::format("late row {}:{}", place.first, place.second);
        if (o.late.count(place) != 1) return where + " stands twice";
        auto row = o.bronze.find(place);
        if (row == o.bronze.end()) return where + " is no row of the table";
        if (late.reason == "early") continue;
        if (!late.watermark_us) return where + " has no watermark";
        auto end = floor_window(row->second.time_us) + kWindowUs;
        if (end != late.window_end_us) return where + " names another window's end";
        if (end + kGrace.us > *late.watermark_us) return where + " is not late";
    }
    // Windows are those of the rows that are not late.
    std::map<Outcome::Window, std::pair<int64_t, std::set<std::string>>> naive;
    for (const auto& [place, click] : o.bronze) {
        if (o.late.contains(place)) continue;
        for (auto page : {std::optional<std::string>(), std::optional(click.page)}) {
            auto& window = naive[{floor_window(click.time_us), page}];
            ++window.first;
            window.second.insert(click.user);
        }
    }
    for (const auto& [window, counts] : naive) {
        auto it = o.windows.find(window);
        auto where = fmt::format("window {} {}", window.start_us, window.page.value_or("(all)"));
        if (it == o.windows.end()) return where + " is missing";
        if (it->second.first != counts.first ||
            it->second.second != int64_t(counts.second.size())) {
            return fmt::format("{} has {} views of {} users, recomputed {} of {}", where,
                               it->second.first, it->second.second, counts.first,
                               counts.second.size());
        }
    }
    if (naive.size() != o.windows.size())
        return fmt::format("the view has {} windows, recomputed {}", o.windows.size(),
                           naive.size());
    static_assert(kBound > kGrace);
    auto layers = o.layers;
    layers.by_version = !world.rebuilds;
    return check_layers(layers);
}

std::string finish(World& world) {
    world.disk.crash_at_call(0);
    world.failpoints.disarm();
    if (!world.is_open()) {
        if (auto opened = world.open(); !opened) return "open: " + opened.error().message();
    }
    if (auto drained = world.drain(); !drained) return drained.error().message();
    auto outcome = world.read();
    if (!outcome) return "read: " + outcome.error().message();
    return check(*outcome, world);
}

}  // namespace tarn::flow
