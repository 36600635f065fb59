#include "capabilities.h"

#include <algorithm>
#include <vector>

#include "commands.h"
#include "doctor_checks.h"
#include "tarn/base/base_settings.h"
#include "tarn/base/error_ids.h"
#include "tarn/delta/error_ids.h"
#include "tarn/demo/demo.h"
#include "tarn/demo/error_ids.h"
#include "tarn/flow/error_ids.h"
#include "tarn/flow/settings.h"
#include "tarn/host/error_ids.h"
#include "tarn/io/error_ids.h"
#include "tarn/kafka/error_ids.h"
#include "tarn/kafka/server.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/settings.h"
#include "tarn/log/error_ids.h"
#include "tarn/log/log.h"
#include "tarn/privacy/functions.h"
#include "tarn/project/error_ids.h"
#include "tarn/server/error_ids.h"
#include "tarn/server/server.h"
#include "tarn/server/settings.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/settings.h"
#include "tarn/view/error_ids.h"

namespace tarn::cli {

std::span<const host::Capability> capabilities() {
    static const host::Capability kAll[] = {
        {.module = "base", .errors = base_errors(), .settings = base_settings()},
        {.module = "io", .errors = io::error_list()},
        {.module = "delta", .errors = delta::error_list()},
        {.module = "log", .errors = log::error_list(), .settings = log::setting_declarations()},
        {.module = "sql",
         .errors = sql::error_list(),
         .settings = sql::setting_declarations(),
         .sql_functions = sql::sql_functions()},
        {.module = "lake", .errors = lake::error_list(), .settings = lake::setting_declarations()},
        {.module = "view", .errors = view::error_list()},
        {.module = "privacy", .sql_functions = privacy::sql_functions()},
        {.module = "project", .errors = project::error_list(), .sections = project::sections()},
        {.module = "kafka",
         .errors = kafka::error_list(),
         .settings = kafka::setting_declarations()},
        {.module = "flow", .errors = flow::error_list(), .settings = flow::setting_declarations()},
        {.module = "host", .errors = host::error_list(), .system_tables = host::system_tables()},
        {.module = "server",
         .errors = server::error_list(),
         .settings = server::setting_declarations(),
         .routes = server::routes(),
         .events = server::events(),
         .listeners = server::listeners()},
        {.module = "demo",
         .errors = demo::error_list(),
         .routes = demo::routes(),
         .commands = demo::commands()},
    };
    return kAll;
}

const host::Program& program() {
    static const auto kSettings = [] {
        auto all = host::all_of(capabilities(), &host::Capability::settings);
        std::ranges::sort(all, {}, &SettingDeclaration::name);
        return all;
    }();
    static const host::ErrorCatalog kErrors = [] {
        std::vector<ErrorList> lists;
        for (const auto& capability : capabilities())
            lists.push_back(capability.errors);
        return host::ErrorCatalog(lists);
    }();
    static const host::Program kProgram{kSettings, kErrors};
    return kProgram;
}

std::vector<host::SystemTable> all_system_tables() {
    auto all = host::all_of(capabilities(), &host::Capability::system_tables);
    std::ranges::sort(all, {}, &host::SystemTable::name);
    return all;
}

std::vector<host::DoctorCheck> all_doctor_checks() {
    const auto own = own_doctor_checks();
    std::vector<host::DoctorCheck> all(own.begin(), own.end());
    for (const auto& check : host::all_of(capabilities(), &host::Capability::doctor_checks))
        all.push_back(check);
    return all;
}

std::vector<host::CommandRow> all_commands() {
    const auto own = own_commands();
    std::vector<host::CommandRow> all(own.begin(), own.end());
    // Behind the nouns of the platform, before what is about the program itself.
    const auto place = std::ranges::find(all, std::string_view("doctor"), &host::CommandRow::path);
    const auto others = host::all_of(capabilities(), &host::Capability::commands);
    all.insert(place, others.begin(), others.end());
    return all;
}

std::vector<project::Section> all_sections() {
    return host::all_of(capabilities(), &host::Capability::sections);
}

}  // namespace tarn::cli
