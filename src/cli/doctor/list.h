#pragma once

// The checks of `tarn doctor`, in the order in which it makes them. Checks of a module's own stand
// in its capability (capabilities.cpp) and come after these.

#include <span>
#include <vector>

#include "tarn/host/doctor.h"

namespace tarn::cli {

extern const host::DoctorCheck kVersionsCheck;
extern const host::DoctorCheck kProjectCheck;  // loads the settings
extern const host::DoctorCheck kMemoryCheck;
extern const host::DoctorCheck kKafkaPortCheck;
extern const host::DoctorCheck kHttpPortCheck;
extern const host::DoctorCheck kNetworkCheck;
extern const host::DoctorCheck kOpenFilesCheck;
extern const host::DoctorCheck kDataFolderCheck;
extern const host::DoctorCheck kDiskSpaceCheck;
extern const host::DoctorCheck kDiskSpeedCheck;
extern const host::DoctorCheck kClockCheck;

std::vector<const host::DoctorCheck*> all_doctor_checks();

}  // namespace tarn::cli
