#include "layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tarn::flow {
namespace {

constexpr int64_t kHorizonUs = 30'000'000, kGapUs = 3'000'000, kBoundUs = 4'000'000;

class Table {
  public:
    explicit Table(codec::ColumnBatch batch) : batch_(std::move(batch)) {}
    size_t rows() const { return batch_.row_count; }
    bool null(size_t c, size_t r) const { return batch_.columns[c].is_null(r); }
    int64_t number(size_t c, size_t r) const {
        auto& column = batch_.columns[c];
        if (column.type == codec::ColumnType::kInt32 || column.type == codec::ColumnType::kDate)
            return column.values<int32_t>()[r];
        return column.values<int64_t>()[r];
    }
    std::string text(size_t c, size_t r) const { return std::string(batch_.columns[c].text(r)); }
    Layers::Row row(size_t r, size_t first) const {
        return {number(first, r), number(first + 1, r), text(first + 2, r), text(first + 3, r),
                null(first + 4, r) ? std::nullopt : std::optional(number(first + 4, r))};
    }
    Layers::Place place(size_t r) const { return {int32_t(number(0, r)), number(1, r)}; }

  private:
    codec::ColumnBatch batch_;
};

Result<Table> query(sql::Session& session, const std::string& sql) {
    TARN_TRY(auto batch, session.query_columns(sql));
    return Table(std::move(batch));
}

bool rejected(const Layers::Row& row) { return row.price && *row.price % 10 == 7; }

std::string check_silver(const Layers& l) {
    std::set<int64_t> ids;
    int64_t newest = INT64_MIN;
    for (auto& [place, row] : l.bronze)
        newest = std::max(newest, row.time_us);
    for (auto& [place, row] : l.silver) {
        auto where = fmt::format("silver row {}:{}", place.first, place.second);
        auto from = l.bronze.find(place);
        if (from == l.bronze.end()) return where + " is no row of bronze";
        if (!ids.insert(row.id).second) return where + fmt::format(" has id {} again", row.id);
        if (rejected(from->second)) return where + " fails the rule";
        if (row.user != "hash of " + from->second.user) return where + " shows the user";
        if (row.page != from->second.page || row.time_us != from->second.time_us)
            return where + " differs from its row of bronze";
    }
    for (auto& [place, reason] : l.quarantined) {
        auto where = fmt::format("quarantined {}:{}", place.first, place.second);
        auto from = l.bronze.find(place);
        if (from == l.bronze.end()) return where + " is no row of bronze";
        if (l.quarantined.count(place) != 1 || l.silver.contains(place))
            return where + " stands twice";
        bool rule = reason == "price ends in 7";
        if (rule != rejected(from->second)) return where + " has a wrong reason: " + reason;
        if (!rule && from->second.time_us > newest - kHorizonUs)
            return where + " is not old: " + reason;
    }
    for (auto& [place, row] : l.bronze) {
        if (l.silver.contains(place) || l.quarantined.contains(place)) continue;
        if (!ids.contains(row.id))
            return fmt::format("row {}:{} of id {} is nowhere", place.first, place.second, row.id);
    }
    return "";
}

std::string check_sessions(const Layers& l) {
    std::map<std::string, std::vector<Layers::Row>> by_user;
    int64_t newest = INT64_MIN;
    for (auto& [id, reason] : l.late)
        if (l.late.count(id) != 1) return fmt::format("late row of id {} stands twice", id);
    for (auto& [place, row] : l.silver) {
        if (l.late.contains(row.id)) continue;
        by_user[row.user].push_back(row);
        newest = std::max(newest, row.time_us);
    }
    std::multiset<Layers::Session> naive, there;
    for (auto& [user, rows] : by_user) {
        std::ranges::sort(rows, {}, &Layers::Row::time_us);
        for (size_t i = 0, end; i < rows.size(); i = end) {
            const auto* last = &rows[i];
            for (end = i + 1;
                 end < rows.size() && rows[end].time_us - rows[end - 1].time_us <= kGapUs; ++end)
                if (rows[end].id > last->id) last = &rows[end];
            auto ended = rows[end - 1].time_us;
            if (ended + kGapUs < newest - kBoundUs)
                naive.insert({rows[i].time_us, ended, int64_t(end - i), user, last->page});
        }
    }
    for (auto& [user, session] : l.sessions)
        there.insert(session);
    if (naive == there) return "";
    for (auto& s : naive)
        if (there.count(s) != naive.count(s))
            return fmt::format("session of {} from {} to {} with {} clicks stands {} times of {}",
                               s.user, s.started_us, s.ended_us, s.clicks, there.count(s),
                               naive.size());
    return fmt::format("{} sessions stand, {} recomputed", there.size(), naive.size());
}

std::string check_pages(const Layers& l) {
    std::map<Layers::Page, std::pair<int64_t, int64_t>> naive;
    constexpr int64_t kDayUs = 86'400'000'000;
    for (auto& [place, row] : l.silver) {
        auto& page = naive[{int32_t(row.time_us / kDayUs), row.page}];
        ++page.first;
        page.second = std::max(page.second, row.price.value_or(0));
    }
    for (auto& [page, counts] : naive) {
        auto it = l.pages.find(page);
        if (l.pages.count(page) != 1 || it->second != counts)
            return fmt::format("{} of day {} stands {} times, with {} clicks, recomputed {}",
                               page.page, page.day, l.pages.count(page),
                               it == l.pages.end() ? 0 : it->second.first, counts.first);
    }
    return naive.size() == l.pages.size() ? "" : "gold.pages has groups that silver has not";
}

std::string check_windows(const Layers& l) {
    constexpr int64_t kSizeUs = 5'000'000, kGraceUs = 2'000'000;
    auto start_of = [](int64_t us) { return us - ((us % kSizeUs) + kSizeUs) % kSizeUs; };
    std::map<std::pair<int64_t, std::string>, Layers::Window> naive;
    int64_t newest = INT64_MIN;
    std::map<int64_t, std::vector<Layers::Row>> versions;  // of silver, one a batch
    for (auto& [place, row] : l.silver)
        versions[row.batch].push_back(row);
    auto closed = [&](int64_t start) {
        return newest != INT64_MIN && start + kSizeUs <= newest - kBoundUs - kGraceUs;
    };
    for (auto& [batch, rows] : versions) {
        auto latest = newest;
        for (auto& row : rows) {
            const auto start = start_of(row.time_us);
            const auto late = l.late_of_windows.find(row.id);
            const bool aside = late != l.late_of_windows.end();
            if (aside && l.late_of_windows.count(row.id) != 1)
                return fmt::format("row of id {} is late for a window twice", row.id);
            if (aside && late->second == "early") continue;
            if (l.by_version && aside != closed(start))
                return fmt::format("row of id {} is {} for its window, wrongly", row.id,
                                   aside ? "late" : "not late");
            if (aside) continue;
            latest = std::max(latest, row.time_us);
            auto& window = naive[{start, row.page}];
            window.start_us = start;
            window.page = row.page;
            ++window.clicks;
            window.newest = std::max(window.newest, row.id);
        }
        newest = latest;
    }
    std::multiset<Layers::Window> expected;
    for (auto& [key, window] : naive)
        if (closed(window.start_us)) expected.insert(window);
    if (expected == l.windows) return "";
    for (auto& w : expected)
        if (l.windows.count(w) != 1)
            return fmt::format("window {} of {} with {} clicks stands {} times", w.start_us, w.page,
                               w.clicks, l.windows.count(w));
    return fmt::format("{} windows stand, {} recomputed", l.windows.size(), expected.size());
}

std::string check_users(const Layers& l) {
    std::multimap<std::pair<std::string, std::string>, Layers::Counts> expected;
    std::map<std::pair<std::string, std::string>, Layers::Counts> naive;
    for (auto& [place, row] : l.silver) {
        auto& counts = naive[{row.user, row.page}];
        ++counts.first;
        counts.second = std::max(counts.second, row.price.value_or(0));
    }
    expected.insert(naive.begin(), naive.end());
    return expected == l.users ? "" : "gold.users differs from its groups recomputed";
}

std::string check_places(const Layers& l) {
    const auto rank = [](int64_t id) { return id * 7919 % 10007; };
    std::map<std::string, std::pair<std::string, int64_t>> naive;
    for (auto& [place, row] : l.bronze) {
        auto [it, fresh] = naive.try_emplace(row.user, row.page, row.id);
        if (rank(row.id) > rank(it->second.second)) it->second = {row.page, row.id};
    }
    std::multimap<std::string, std::pair<std::string, int64_t>> expected(naive.begin(),
                                                                         naive.end());
    return expected == l.places ? "" : "gold.places has not the greatest rank of each person";
}

}  // namespace

Status read_layers(sql::Session& session, Layers& out) {
    TARN_TRY(auto bronze, query(session,
                                "select _partition, _offset, id, event_time, page, \"user\", price "
                                "from bronze.clicks"));
    for (size_t r = 0; r < bronze.rows(); ++r)
        out.bronze[bronze.place(r)] = bronze.row(r, 2);
    TARN_TRY(auto silver,
             query(session,
                   "select _partition, _offset, id, event_time, page, user_key, price, "
                   "_batch_id from silver.clicks"));
    for (size_t r = 0; r < silver.rows(); ++r)
        out.silver.emplace(silver.place(r), silver.row(r, 2))->second.batch = silver.number(7, r);
    TARN_TRY(auto aside,
             query(session, "select _partition, _offset, _reason from quarantine.silver_clicks"));
    for (size_t r = 0; r < aside.rows(); ++r)
        out.quarantined.emplace(aside.place(r), aside.text(2, r));
    TARN_TRY(auto sessions, query(session,
                                  "select started_at, ended_at, clicks, user_key, exit_page from "
                                  "gold.sessions"));
    for (size_t r = 0; r < sessions.rows(); ++r) {
        Layers::Session s{sessions.number(0, r), sessions.number(1, r), sessions.number(2, r),
                          sessions.text(3, r), sessions.text(4, r)};
        out.sessions.emplace(s.user, s);
    }
    TARN_TRY(auto late, query(session, "select id, _reason from late.sessions"));
    for (size_t r = 0; r < late.rows(); ++r)
        out.late.emplace(late.number(0, r), late.text(1, r));
    TARN_TRY(auto pages, query(session, "select day, page, clicks, dearest from gold.pages"));
    for (size_t r = 0; r < pages.rows(); ++r)
        out.pages.emplace(Layers::Page{int32_t(pages.number(0, r)), pages.text(1, r)},
                          std::pair(pages.number(2, r), pages.null(3, r) ? 0 : pages.number(3, r)));
    TARN_TRY(auto windows,
             query(session, "select window_start, clicks, newest, page from gold.windows"));
    for (size_t r = 0; r < windows.rows(); ++r)
        out.windows.insert(
            {windows.number(0, r), windows.number(1, r), windows.number(2, r), windows.text(3, r)});
    TARN_TRY(auto behind, query(session, "select id, _reason from late.windows"));
    for (size_t r = 0; r < behind.rows(); ++r)
        out.late_of_windows.emplace(behind.number(0, r), behind.text(1, r));
    TARN_TRY(auto users, query(session, "select user_key, page, clicks, dearest from gold.users"));
    for (size_t r = 0; r < users.rows(); ++r)
        out.users.emplace(std::pair(users.text(0, r), users.text(1, r)),
                          std::pair(users.number(2, r), users.null(3, r) ? 0 : users.number(3, r)));
    TARN_TRY(auto places, query(session, "select person, page, id from gold.places"));
    for (size_t r = 0; r < places.rows(); ++r)
        out.places.emplace(places.text(0, r), std::pair(places.text(1, r), places.number(2, r)));
    return {};
}

std::string check_layers(const Layers& layers) {
    for (auto check :
         {check_silver, check_sessions, check_pages, check_windows, check_users, check_places})
        if (auto wrong = check(layers); !wrong.empty()) return wrong;
    return "";
}

}  // namespace tarn::flow
