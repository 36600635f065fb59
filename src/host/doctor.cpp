#include "tarn/host/doctor.h"

namespace tarn::host {

std::string_view to_string(Finding::Level level) {
    switch (level) {
        case Finding::Level::kOk:
            return "ok";
        case Finding::Level::kWarn:
            return "warn";
        case Finding::Level::kFail:
            return "fail";
    }
    return "";
}

void Findings::ok(std::string found) {
    to_->push_back({check_, Finding::Level::kOk, std::move(found), ""});
}

void Findings::warn(std::string found, std::string todo) {
    to_->push_back({check_, Finding::Level::kWarn, std::move(found), std::move(todo)});
}

void Findings::broken(std::string found, std::string todo) {
    to_->push_back({check_, Finding::Level::kFail, std::move(found), std::move(todo)});
}

void Findings::broken(const Error& error) {
    broken(error.message(), std::string(error.id().todo) + " " + tarn::to_string(error.id()));
}

}  // namespace tarn::host
