#include "tarn/io/data_folder.h"
#include "tarn/io/error_ids.h"

#include <charconv>

#include <fmt/format.h>

namespace tarn::errors {
extern const ErrorId kDataFolderOlder;
}  // namespace tarn::errors

namespace tarn::io {

namespace {

constexpr std::string_view kFormatPrefix = "tarn ";

// The number in "<prefix><number>\n" and nothing else.
template <class T>
bool parse_line(std::string_view text, std::string_view prefix, T& number) {
    if (!text.starts_with(prefix) || !text.ends_with('\n')) return false;
    text.remove_prefix(prefix.size());
    text.remove_suffix(1);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Status DataFolder::check_format(FileSystem& fs, const std::string& path) {
    auto file = path + "/FORMAT";
    auto text = fs.read_all(file);
    if (!text && text.error().code() == ErrorCode::kNotFound)
        return fail(errors::kNotADataFolder, "not a data folder (it has no FORMAT file): " + path);
    if (!text) return fail(std::move(text).error());
    int version = 0;
    if (!parse_line(*text, kFormatPrefix, version) || version <= 0)
        return fail(ErrorCode::kCorrupted, "the file does not hold a format version: " + file);
    if (version > kFormatVersion)
        return fail(
            errors::kDataFolderNewer,
            fmt::format(
                "the data folder was written by a newer Tarn, use that one: {} has format {}, this "
                "program knows {}",
                path, version, kFormatVersion));
    if (version < kFormatVersion)
        return fail(
            errors::kDataFolderOlder,
            fmt::format(
                "the data folder must be upgraded first: {} has format {}, this program writes {}",
                path, version, kFormatVersion));
    return {};
}

Result<DataFolder> DataFolder::open(FileSystem& fs, std::string path) {
    TARN_RETURN_IF_ERROR(fs.create_folders(path));
    auto lock = fs.lock(path + "/LOCK");
    if (!lock && lock.error().id() == errors::kDataFolderInUse)
        return fail(std::move(lock).error().with_context("the data folder is in use"));
    if (!lock) return fail(std::move(lock).error());

    auto format = check_format(fs, path);
    if (!format && format.error().code() == ErrorCode::kNotFound)
        format = fs.put_if_absent(path + "/FORMAT",
                                  fmt::format("{}{}\n", kFormatPrefix, kFormatVersion));
    if (!format) return fail(std::move(format).error());

    uint64_t start = 0;
    auto start_file = path + "/START";
    auto text = fs.read_all(start_file);
    if (text && !parse_line(*text, "", start))
        return fail(ErrorCode::kCorrupted, "the file does not hold a start number: " + start_file);
    if (!text && text.error().code() != ErrorCode::kNotFound) return fail(std::move(text).error());
    ++start;
    TARN_RETURN_IF_ERROR(fs.replace(start_file, fmt::format("{}\n", start)));
    return DataFolder(std::move(path), std::move(*lock), start);
}

}  // namespace tarn::io
