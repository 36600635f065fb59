#pragma once

// What a module offers, as data. The program is the list of its capabilities
// (cli/capabilities.cpp, a line each); what there is, and the pages of docs/reference, follow from
// it.

#include <span>
#include <string_view>
#include <vector>

#include "tarn/base/errors.h"
#include "tarn/base/settings.h"
#include "tarn/host/command.h"
#include "tarn/host/doctor.h"
#include "tarn/host/event.h"
#include "tarn/host/listener.h"
#include "tarn/host/route.h"
#include "tarn/host/system_table.h"
#include "tarn/project/section.h"
#include "tarn/sql/functions.h"

namespace tarn::host {

struct Capability {
    std::string_view module;
    ErrorList errors = {};
    std::span<const SettingDeclaration> settings = {};
    std::span<const Route> routes = {};
    std::span<const EventSource> events = {};
    std::span<const SystemTable> system_tables = {};
    std::span<const DoctorCheck> doctor_checks = {};
    std::span<const CommandRow> commands = {};
    std::span<const ListenerRow> listeners = {};
    std::span<const project::Section> sections = {};  // of tarn.yml
    std::span<const sql::SqlFunction> sql_functions = {};
};

// One kind of what they offer, of all of them: all_of(list, &Capability::routes).
template <class T>
std::vector<T> all_of(std::span<const Capability> list, std::span<const T> Capability::* kind) {
    std::vector<T> all;
    for (const auto& capability : list)
        all.insert(all.end(), (capability.*kind).begin(), (capability.*kind).end());
    return all;
}

}  // namespace tarn::host
