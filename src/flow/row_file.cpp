#include "row_file.h"

#include <cstring>

#include <fmt/format.h>

namespace tarn::flow {
namespace {

using codec::Column;
using codec::ColumnBatch;
using codec::TextRef;

constexpr size_t kWriteBytes = 1 << 20;
// Rows are read together when no more than this lies between them, as long as it is bounded.
constexpr uint64_t kReadOver = 4 << 10, kMostRead = 256 << 10;

void put_row(const ColumnBatch& batch, size_t row, std::string& out) {
    for (const auto& column : batch.columns) {
        out += char(!column.is_null(row));
        if (column.is_null(row)) continue;
        if (column.type.is_text()) {
            const auto text = column.text(row);
            const auto length = uint32_t(text.size());
            out.append(reinterpret_cast<const char*>(&length), sizeof length);
            out += text;
        } else {
            const auto width = codec::column_width(column.type);
            out.append(column.data.data() + row * width, width);
        }
    }
}

// Of the bytes of one row; false where they are none.
class RowBytes {
  public:
    explicit RowBytes(std::string_view bytes) : left_(bytes) {}
    bool take(size_t n, std::string_view& out) {
        if (left_.size() < n) return false;
        out = left_.substr(0, n);
        left_.remove_prefix(n);
        return true;
    }
    bool take_text(std::string_view& out) {
        std::string_view length;
        uint32_t size = 0;
        if (!take(sizeof size, length)) return false;
        std::memcpy(&size, length.data(), sizeof size);
        return take(size, out);
    }
    bool empty() const { return left_.empty(); }

  private:
    std::string_view left_;
};

bool get_row(std::string_view bytes, size_t row, ColumnBatch& batch) {
    RowBytes in(bytes);
    for (auto& column : batch.columns) {
        std::string_view value;
        if (!in.take(1, value)) return false;
        if (value[0] == 0) {
            column.set_null(row, batch.row_count);
        } else if (column.type.is_text()) {
            if (!in.take_text(value)) return false;
            column.values<TextRef>()[row] = TextRef(value);
        } else {
            const auto width = codec::column_width(column.type);
            if (!in.take(width, value)) return false;
            std::memcpy(column.data.data() + row * width, value.data(), width);
        }
    }
    return in.empty();
}

}  // namespace

Result<std::unique_ptr<RowFile>> RowFile::write(io::FileSystem& fs, const std::string& path,
                                                std::span<const BatchPtr> batches) {
    std::unique_ptr<RowFile> out(new RowFile(fs, path));
    TARN_TRY(out->file_, fs.open(path, {.mode = io::OpenMode::kCreateNew}));
    size_t rows = 0;
    for (const auto& batch : batches)
        rows += batch->row_count;
    out->offsets_.reserve(rows + 1);
    std::string bytes;
    uint64_t written = 0;
    auto flush = [&]() -> Status {
        TARN_RETURN_IF_ERROR(out->file_->write_at(written, bytes));
        written += bytes.size();
        bytes.clear();
        return {};
    };
    for (const auto& batch : batches) {
        if (out->schema_.empty()) out->schema_ = batch->schema;
        for (size_t row = 0; row < batch->row_count; ++row) {
            put_row(*batch, row, bytes);
            out->offsets_.push_back(written + bytes.size());
            if (bytes.size() >= kWriteBytes) TARN_RETURN_IF_ERROR(flush());
        }
    }
    TARN_RETURN_IF_ERROR(flush());
    return out;
}

RowFile::~RowFile() {
    if (!file_) return;
    file_.reset();
    // What stays behind goes when the flow is opened again.
    (void)fs_.remove(path_);
}

Status RowFile::read_run(uint64_t from, uint64_t to, char* into) const {
    TARN_TRY(auto n, file_->read_at(from, into, size_t(to - from)));
    if (n == to - from) return {};
    return fail(ErrorCode::kCorrupted, "a file of rows that were put aside is shorter: " + path_);
}

Result<BatchPtr> RowFile::read(std::span<const uint32_t> rows) const {
    auto out = std::make_shared<ColumnBatch>();
    out->schema = schema_;
    out->row_count = rows.size();
    for (const auto& spec : schema_) {
        auto& column = out->columns.emplace_back();
        column.type = spec.type;
        column.data.assign(rows.size() * codec::column_width(spec.type), 0);
    }
    size_t bytes = 0;
    for (auto row : rows)
        bytes += size_t(offsets_[row + 1] - offsets_[row]);
    // The rows' bytes; their text stays there.
    auto kept = std::make_shared_for_overwrite<char[]>(bytes);
    auto* to = kept.get();
    std::string run;
    for (size_t first = 0; first < rows.size();) {
        const auto from = offsets_[rows[first]];
        auto last = first;
        while (last + 1 < rows.size() &&
               offsets_[rows[last + 1]] <= offsets_[rows[last] + 1] + kReadOver &&
               offsets_[rows[last + 1] + 1] <= from + kMostRead)
            ++last;
        const auto end = offsets_[rows[last] + 1];
        run.resize(size_t(end - from));
        TARN_RETURN_IF_ERROR(read_run(from, end, run.data()));
        for (; first <= last; ++first) {
            const auto at = offsets_[rows[first]];
            const auto size = size_t(offsets_[rows[first] + 1] - at);
            std::memcpy(to, run.data() + (at - from), size);
            if (!get_row({to, size}, first, *out))
                return fail(ErrorCode::kCorrupted,
                            fmt::format("row {} of those that were put aside is damaged: {}",
                                        rows[first], path_));
            to += size;
        }
    }
    out->buffers = {std::move(kept)};
    return BatchPtr(std::move(out));
}

}  // namespace tarn::flow
