#pragma once

// Where a flow's work begins: a defect in it, or in a library that it calls, is that flow's error
// and never the end of the process.

#include <exception>
#include <new>
#include <string>

#include "tarn/base/result.h"

namespace tarn::errors {
extern const ErrorId kFlowDefect;
}  // namespace tarn::errors

namespace tarn::flow {

// What `work` gives; an exception becomes an error: kResourceExhausted (no memory) or kFlowDefect.
template <class F>
auto guarded(F&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted, "there is no memory for the flow's work");
    } catch (const std::exception& error) {
        return fail(errors::kFlowDefect, std::string("a defect stopped the flow: ") + error.what());
    } catch (...) {
        return fail(errors::kFlowDefect, "a defect stopped the flow: an exception without a text");
    }
}

}  // namespace tarn::flow
