#include "checksum_writer.h"

#include <utility>

namespace tarn::lake {

ChecksumWriter::ChecksumWriter(io::FileSystem& fs, Logger logger)
    : fs_(fs), logger_(std::move(logger)), thread_([this] { run(); }) {}

ChecksumWriter::~ChecksumWriter() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void ChecksumWriter::put(std::string path, std::string text) {
    MutexLock lock(mutex_);
    if (waiting_.size() >= kMostWaiting) waiting_.pop_front();
    waiting_.emplace_back(std::move(path), std::move(text));
    changed_.notify_all();
}

void ChecksumWriter::flush() {
    MutexLock lock(mutex_);
    while (busy_ || !waiting_.empty())
        changed_.wait(mutex_);
}

void ChecksumWriter::run() {
    bool told = false;
    for (;;) {
        std::pair<std::string, std::string> next;
        {
            MutexLock lock(mutex_);
            busy_ = false;
            changed_.notify_all();
            while (waiting_.empty() && !stopping_)
                changed_.wait(mutex_);
            if (waiting_.empty()) return;
            next = std::move(waiting_.front());
            waiting_.pop_front();
            busy_ = true;
        }
        auto put = fs_.put_if_absent(next.first, next.second);
        if (put || put.error().code() == ErrorCode::kAlreadyExists || std::exchange(told, true))
            continue;
        logger_.warn("the checksum of a table's version was not written; it is not needed",
                     {{"path", next.first}, {"error", put.error()}});
    }
}

}  // namespace tarn::lake
