// texts.hpp - real text files, joined into one stream that is cut into pieces.
// Room: demo. Threads: immutable once read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace demo {

inline constexpr std::size_t piece_bytes = 64 << 10;  // what one tick ships

class texts {
 public:
  /// Reads up to `most` bytes of text under each folder, in the order of the names.
  explicit texts(const std::vector<std::string>& folders, std::size_t most = 6 << 20) {
    for (const std::string& folder : folders) read(folder, most);
  }
  std::size_t pieces() const noexcept { return stream_.size() / piece_bytes; }
  std::size_t files() const noexcept { return files_; }
  std::span<const unsigned char> piece(std::size_t i) const noexcept {
    const auto* bytes = reinterpret_cast<const unsigned char*>(stream_.data());
    return {bytes + i * piece_bytes, piece_bytes};
  }

 private:
  void read(const std::string& folder, std::size_t most) {
    namespace fs = std::filesystem;
    std::error_code failed;
    std::vector<fs::path> found;
    const auto skip = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(folder, skip, failed), end; !failed && at != end;
         at.increment(failed)) {
      std::error_code unknown;
      if (at->is_directory(unknown) && left_out(at->path())) at.disable_recursion_pending();
      if (at->is_regular_file(unknown) && !compressed(at->path())) found.push_back(at->path());
    }
    std::sort(found.begin(), found.end());
    const std::size_t end = stream_.size() + most;
    for (const fs::path& path : found) {
      if (stream_.size() >= end) break;
      append(path, end);
    }
  }
  void append(const std::filesystem::path& path, std::size_t end) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 1 << 16> buffer;
    const std::size_t begin = stream_.size();
    while (stream_.size() < end && file.good()) {
      file.read(buffer.data(), buffer.size());
      const std::string_view part(buffer.data(), static_cast<std::size_t>(file.gcount()));
      if (part.find('\0') != std::string_view::npos) {  // not text
        stream_.resize(begin);
        return;
      }
      stream_.append(part.substr(0, end - stream_.size()));
    }
    files_ += stream_.size() > begin ? 1 : 0;
  }
  static bool left_out(const std::filesystem::path& folder) {
    const std::string name = folder.filename().string();
    return name.starts_with('.') || name.starts_with("build") || name == "node_modules" ||
           name == "subprojects";
  }
  static bool compressed(const std::filesystem::path& file) {
    constexpr const char* kinds[] = {".gz",  ".xz",   ".bz2", ".zst", ".zip",  ".png",  ".jpg",
                                     ".gif", ".webp", ".pdf", ".jar", ".wasm", ".woff2"};
    const std::string kind = file.extension().string();
    return std::any_of(std::begin(kinds), std::end(kinds),
                       [&](const char* each) { return kind == each; });
  }

  std::string stream_;
  std::size_t files_ = 0;
};

}  // namespace demo
