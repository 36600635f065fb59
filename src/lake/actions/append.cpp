// Rows are added: whatever others have committed meanwhile, it stays.

#include "action.h"

namespace tarn::lake {

const WriteAction& append_action() {
    static constexpr WriteAction kAppend{.mode = "Append"};
    return kAppend;
}

}  // namespace tarn::lake
