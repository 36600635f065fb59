#include "tarn/catalog/topic_size.h"

namespace tarn::catalog {

TopicSize size_of(const log::TopicInfo& topic, const log::Log& log) {
    TopicSize size;
    for (int32_t i = 0; i < topic.config.partitions; ++i) {
        const auto at = log.offsets({topic.id, i});
        if (!at) continue;
        size.kept += at->high_watermark - at->log_start_offset;
        size.appended += at->high_watermark;
        size.bytes += uint64_t(at->bytes);
    }
    return size;
}

}  // namespace tarn::catalog
