// tarn://<path> for DuckDB: every byte goes through io::FileSystem.
//
// A written file is synced by its Close(), whose error reaches the statement (COPY never syncs by
// itself). DuckDB's cache asks for the version tag at each opening; a scan that knows its files to
// be immutable says so in its own file list. Positioned reads may come from any thread.

#include <algorithm>

#include "duckdb/common/file_opener.hpp"
#include "duckdb/common/file_system.hpp"

#include "duck.h"

namespace tarn::sql {

namespace {

using duckdb::FileHandle;
using duckdb::idx_t;

template <class T>
T take(Result<T> result) {
    if (!result) throw_error(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// One character (a code point of UTF-8) from the front of the text.
std::string_view first_character(std::string_view text) {
    size_t n = 1;
    while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80)
        ++n;
    return text.substr(0, n);
}

// [abc], [a-z], [!a-z]: removes it from the front of the pattern; says whether the character is in
// it. Code points of UTF-8 compare as their bytes do.
bool take_class(std::string_view& pattern, size_t end, std::string_view c) {
    auto inside = pattern.substr(1, end - 1);
    pattern.remove_prefix(end + 1);
    const bool negated = inside.starts_with('!');
    if (negated) inside.remove_prefix(1);
    bool found = false;
    while (!inside.empty()) {
        auto low = first_character(inside), high = low;
        inside.remove_prefix(low.size());
        if (inside.size() > 1 && inside[0] == '-') {
            high = first_character(inside.substr(1));
            inside.remove_prefix(1 + high.size());
        }
        found |= low <= c && c <= high;
    }
    return found != negated;
}

// Whether one name matches a pattern of *, ?, [classes] and plain characters. Linear but for one
// level of backtracking.
bool matches(std::string_view name, std::string_view pattern) {
    std::string_view name_after_star, pattern_after_star;
    bool star = false;
    while (!name.empty()) {
        auto c = first_character(name);
        auto rest = pattern;
        bool same = false;
        if (pattern.starts_with('*')) {
            pattern.remove_prefix(1);
            star = true, name_after_star = name, pattern_after_star = pattern;
            continue;
        }
        if (auto end = pattern.find(']', 2);
            pattern.starts_with('[') && end != std::string_view::npos) {
            same = take_class(rest, end, c);
        } else if (pattern.starts_with('?')) {
            same = true;
            rest.remove_prefix(1);
        } else if (pattern.starts_with(c)) {
            same = true;
            rest.remove_prefix(c.size());
        }
        if (same) {
            pattern = rest;
            name.remove_prefix(c.size());
        } else if (star) {
            name_after_star.remove_prefix(first_character(name_after_star).size());
            name = name_after_star, pattern = pattern_after_star;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*') == std::string_view::npos;
}

class Handle final : public FileHandle {
  public:
    Handle(duckdb::FileSystem& fs, const std::string& name, duckdb::FileOpenFlags how,
           std::unique_ptr<io::File> opened)
        : FileHandle(fs, name, how), file_(std::move(opened)) {}
    // Without Close() nothing was promised: a dropped handle is an abandoned file.
    ~Handle() override = default;

    void Close() override {
        if (!file_) return;
        auto closing = std::move(file_);
        if (dirty) take(closing->sync());
    }
    io::File& file() {
        if (!file_) throw duckdb::IOException("%s is closed already", path);
        return *file_;
    }
    idx_t position = 0;
    bool dirty = false;

  private:
    std::unique_ptr<io::File> file_;
};

class TarnFileSystem final : public duckdb::FileSystem {
  public:
    explicit TarnFileSystem(io::FileSystem& fs) : fs_(fs) {}

    std::string GetName() const override { return "tarn"; }
    bool CanHandleFile(const std::string& p) override { return p.starts_with(kScheme); }
    bool CanSeek() override { return true; }
    // Not a local file to DuckDB: it then reads ahead in ranges instead of page by page.
    bool OnDiskFile(FileHandle&) override { return false; }
    std::string PathSeparator(const std::string&) override { return "/"; }
    // The default would fold "tarn://x" to "tarn:/x".
    std::string CanonicalizePath(const std::string& p,
                                 duckdb::optional_ptr<duckdb::FileOpener>) override {
        return p;
    }

    duckdb::unique_ptr<FileHandle> OpenFile(const std::string& path, duckdb::FileOpenFlags flags,
                                            duckdb::optional_ptr<duckdb::FileOpener>) override {
        io::OpenOptions options;
        if (flags.OpenForWriting()) options.mode = io::OpenMode::kReadWrite;
        if (flags.CreateFileIfNotExists() || flags.OverwriteExistingFile())
            options.mode = io::OpenMode::kCreate;
        if (flags.ExclusiveCreate()) options.mode = io::OpenMode::kCreateNew;
        auto file = fs_.open(local(path), options);
        if (!file) {
            auto code = file.error().code();
            if (code == ErrorCode::kNotFound && flags.ReturnNullIfNotExists()) return nullptr;
            if (code == ErrorCode::kAlreadyExists && flags.ReturnNullIfExists()) return nullptr;
            throw_error(file.error());
        }
        auto handle = duckdb::make_uniq<Handle>(*this, path, flags, std::move(*file));
        if (flags.OverwriteExistingFile()) {
            take(handle->file().truncate(0));
            handle->dirty = true;
        }
        if (flags.OpenForAppending()) handle->position = take(handle->file().size());
        return handle;
    }

    void Read(FileHandle& h, void* to, int64_t n, idx_t at) override {
        auto got = take(file(h).read_at(at, static_cast<char*>(to), size_t(n)));
        if (got != size_t(n))
            throw duckdb::IOException("%s ends at byte %llu, %llu were wanted", h.path, at + got,
                                      at + idx_t(n));
    }
    void Write(FileHandle& h, void* from, int64_t n, idx_t at) override {
        h.Cast<Handle>().dirty = true;
        take(file(h).write_at(at, {static_cast<const char*>(from), size_t(n)}));
    }
    int64_t Read(FileHandle& h, void* to, int64_t n) override {
        auto& position = h.Cast<Handle>().position;
        auto got = take(file(h).read_at(position, static_cast<char*>(to), size_t(n)));
        position += got;
        return int64_t(got);
    }
    int64_t Write(FileHandle& h, void* from, int64_t n) override {
        auto& position = h.Cast<Handle>().position;
        Write(h, from, n, position);
        position += idx_t(n);
        return n;
    }
    void Seek(FileHandle& h, idx_t at) override { h.Cast<Handle>().position = at; }
    void Reset(FileHandle& h) override { Seek(h, 0); }
    idx_t SeekPosition(FileHandle& h) override { return h.Cast<Handle>().position; }
    void FileSync(FileHandle& h) override {
        take(file(h).sync());
        h.Cast<Handle>().dirty = false;
    }
    void Truncate(FileHandle& h, int64_t size) override {
        h.Cast<Handle>().dirty = true;
        take(file(h).truncate(uint64_t(size)));
    }
    int64_t GetFileSize(FileHandle& h) override { return int64_t(take(file(h).size())); }
    duckdb::timestamp_t GetLastModifiedTime(FileHandle& h) override {
        return duckdb::timestamp_t(take(fs_.stat(local(h.path))).modified.us);
    }
    // Decides alone whether cached data still hold: changes with the content.
    std::string GetVersionTag(FileHandle& h) override {
        auto info = take(fs_.stat(local(h.path)));
        return std::to_string(info.size) + "-" + std::to_string(info.modified.us);
    }
    duckdb::FileType GetFileType(FileHandle&) override {
        return duckdb::FileType::FILE_TYPE_REGULAR;
    }

    bool FileExists(const std::string& p, duckdb::optional_ptr<duckdb::FileOpener>) override {
        auto info = fs_.stat(local(p));
        return info && !info->folder;
    }
    bool DirectoryExists(const std::string& p, duckdb::optional_ptr<duckdb::FileOpener>) override {
        auto info = fs_.stat(local(p));
        return info && info->folder;
    }
    void CreateDirectory(const std::string& p, duckdb::optional_ptr<duckdb::FileOpener>) override {
        take(fs_.create_folders(local(p)));
    }
    void RemoveDirectory(const std::string& p, duckdb::optional_ptr<duckdb::FileOpener>) override {
        take(fs_.remove_tree(local(p)));
    }
    void RemoveFile(const std::string& p, duckdb::optional_ptr<duckdb::FileOpener>) override {
        take(fs_.remove(local(p)));
    }
    bool TryRemoveFile(const std::string& p, duckdb::optional_ptr<duckdb::FileOpener>) override {
        auto removed = fs_.remove(local(p));
        if (!removed && removed.error().code() != ErrorCode::kNotFound)
            throw_error(removed.error());
        return removed.has_value();
    }
    void MoveFile(const std::string& a, const std::string& b,
                  duckdb::optional_ptr<duckdb::FileOpener>) override {
        take(fs_.rename(local(a), local(b)));
    }
    bool ListFiles(const std::string& folder,
                   const std::function<void(const std::string&, bool)>& each,
                   duckdb::FileOpener*) override {
        auto files = fs_.list(local(folder));
        if (!files) return false;
        for (auto& file : *files)
            each(file.name, file.folder);
        return true;
    }

    // Wildcards in any part of the path; "**" takes any number of folders. A path that exists as it
    // is written is taken as such, whatever characters it has.
    duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& pattern,
                                              duckdb::FileOpener*) override {
        duckdb::vector<duckdb::OpenFileInfo> found;
        if (FileExists(pattern, nullptr)) {
            // Names in a Delta log come again when a table is dropped and made anew: checked each
            // time.
            if (pattern.find("/_delta_log/") != std::string::npos)
                found.emplace_back(pattern);
            else
                found.emplace_back(pattern);
            return found;
        }
        if (!HasGlob(pattern)) return found;
        auto parts = split(local(pattern));
        std::string start = local(pattern).starts_with('/') ? "/" : "";
        match(start, parts, 0, found);
        std::sort(found.begin(), found.end());
        return found;
    }

  private:
    static std::string local(const std::string& path) {
        return path.substr(std::string_view(kScheme).size());
    }
    static io::File& file(FileHandle& h) { return h.Cast<Handle>().file(); }

    static std::vector<std::string> split(const std::string& path) {
        std::vector<std::string> parts;
        for (size_t at = 0; at <= path.size();) {
            auto slash = std::min(path.find('/', at), path.size());
            if (slash > at) parts.push_back(path.substr(at, slash - at));
            at = slash + 1;
        }
        return parts;
    }
    static std::string joined(const std::string& folder, const std::string& name) {
        return folder.empty() || folder.ends_with('/') ? folder + name : folder + "/" + name;
    }
    void match(const std::string& folder, const std::vector<std::string>& parts, size_t at,
               duckdb::vector<duckdb::OpenFileInfo>& found) {
        const auto& part = parts[at];
        const bool last = at + 1 == parts.size();
        if (!last && !HasGlob(part)) return match(joined(folder, part), parts, at + 1, found);
        auto entries = fs_.list(folder.empty() ? "." : folder);
        if (!entries) return;
        if (part == "**" && !last) match(folder, parts, at + 1, found);
        for (auto& entry : *entries) {
            auto path = joined(folder, entry.name);
            if (part == "**" && entry.folder) match(path, parts, at, found);
            if (part == "**" && !last) continue;
            if (!matches(entry.name, part)) continue;
            if (last && !entry.folder) found.emplace_back(kScheme + path);
            if (!last && entry.folder) match(path, parts, at + 1, found);
        }
    }

    io::FileSystem& fs_;
};

}  // namespace

duckdb::unique_ptr<duckdb::FileSystem> make_duck_file_system(io::FileSystem& fs) {
    return duckdb::make_uniq<TarnFileSystem>(fs);
}

}  // namespace tarn::sql
