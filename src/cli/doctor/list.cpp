#include "doctor/list.h"

#include "capabilities.h"

namespace tarn::cli {

std::vector<const host::DoctorCheck*> all_doctor_checks() {
    std::vector checks = {
        &kVersionsCheck,    //
        &kProjectCheck,     //
        &kMemoryCheck,      //
        &kKafkaPortCheck,   //
        &kHttpPortCheck,    //
        &kNetworkCheck,     //
        &kOpenFilesCheck,   //
        &kDataFolderCheck,  //
        &kDiskSpaceCheck,   //
        &kDiskSpeedCheck,   //
        &kClockCheck,       //
    };
    for (const auto& capability : capabilities())
        for (const auto& check : capability.doctor_checks)
            checks.push_back(&check);
    return checks;
}

}  // namespace tarn::cli
