#pragma once

// The checks of `tarn doctor`, in the order in which it makes them: those under doctor/, a file
// `std::span<const host::DoctorCheck> <name>_checks()` each, then those that capabilities bring.

#include <span>
#include <vector>

#include "tarn/host/doctor.h"

namespace tarn::cli {

std::span<const host::DoctorCheck> own_doctor_checks();
std::vector<host::DoctorCheck> all_doctor_checks();

}  // namespace tarn::cli
