#pragma once

// The page's files, embedded in the program when it was built (module.cmake). They live as long as
// the program. Thread-safe.

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "host_names.h"

namespace tarn::server {

// What module.cmake generates: one for each file of ui/dist, gzip empty if there is no compressed
// twin.
struct EmbeddedFile {
    std::string_view path;  // "index.html", "assets/index-B3x.js"
    std::string_view bytes, gzip;
};
std::span<const EmbeddedFile> embedded_files();

class Assets {
  public:
    explicit Assets(std::span<const EmbeddedFile> files);
    // The file at a path; "/" is index.html, and so is any path without a dot (pages of the app
    // have addresses).
    Response serve(const Request& request, const Target& target) const;

  private:
    struct Entry {
        const EmbeddedFile* file = nullptr;
        std::string etag;
    };
    std::map<std::string, Entry, std::less<>> files_;
};

}  // namespace tarn::server
