// Any frame: its header is parsed, its body decoded as the request and as the response of its api
// key and version. What can be read can be written and read back the same.

#include <cstdlib>

#include "broker.h"
#include "group.h"
#include "messages.h"
#include "offset_store.h"

namespace {

using namespace tarn;
using namespace tarn::kafka;

void require(bool condition) {
    if (!condition) std::abort();
}

template <class Message>
void check(std::string_view body, int16_t version) {
    Decoder in(body, version >= Message::kFlexibleFrom);
    Message message;
    message.decode(in, version);
    if (!in.ok()) return;
    Encoder out(version >= Message::kFlexibleFrom);
    message.encode(out, version);
    const auto bytes = out.take().flatten();
    Decoder again(bytes, version >= Message::kFlexibleFrom);
    Message back;
    back.decode(again, version);
    require(again.ok() && again.remaining() == 0 && back == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Request request;
    request.frame.assign(reinterpret_cast<const char*>(data), size);
    (void)decode_offset_record(request.frame, request.frame);
    if (!parse_header(request)) return 0;
    const auto& header = request.header;
    for_each_message([&]<class Message>() {
        if (Message::kApiKey == header.api_key && header.version >= Message::kMinVersion &&
            header.version <= Message::kMaxVersion)
            check<Message>(request.body, header.version);
    });
    return 0;
}
