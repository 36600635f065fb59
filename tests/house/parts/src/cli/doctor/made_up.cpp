#include "doctor_checks.h"

namespace tarn::cli {
namespace {

constexpr host::DoctorCheck kChecks[] = {
    {"made up", [](host::DoctorWorld&, host::Findings& findings) { findings.ok("it is"); }},
};

}  // namespace

std::span<const host::DoctorCheck> made_up_checks() { return kChecks; }

}  // namespace tarn::cli
