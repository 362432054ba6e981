// serve_record.hpp - a recording of an engine into a file, in the format of the demo's run.jsonl.
// Room: edge. Threads: any.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gyre/core/result.hpp>
#include <gyre/core/time.hpp>
#include <gyre/core/version.hpp>
#include <gyre/edge/decisions.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// Writes one file at a time into a folder that the program named; who asks over the network names
/// nothing. Ends by itself at so many bytes, or when a write fails.
class recorder {
 public:
  recorder(engine& of, std::string folder, std::uint64_t most)
      : folder_(std::move(folder)), most_(most), decisions_(of) {}
  ~recorder() { (void)stop(); }
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;

  /// STATE: no folder was named, or it records already. IO: the system's reason.
  result<void> start(std::uint64_t seed, std::uint64_t loops) {
    const std::lock_guard lock(mutex_);
    if (folder_.empty()) {
      return fail(code::state, "this server records nothing: server_options::record_folder");
    }
    if (file_ >= 0) return fail(code::state, "it records already, into ", path_);
    path_ = join(folder_, "/gyre-", wall_now().count() / 1'000'000, ".jsonl");
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file_ < 0) return fail(code::io, path_, ": ", std::strerror(errno));
    bytes_ = frames_ = 0;
    decisions_.begin();
    ended_.clear();
    put(json_writer().open('{').field("gyre", version_text).field("format", 1)
            .field("seed", std::to_string(seed)).field("loops", loops).close('}').take());
    return ok;
  }
  /// STATE: it records nothing.
  result<void> stop() {
    const std::lock_guard lock(mutex_);
    if (file_ < 0) return fail(code::state, "it records nothing");
    end("stopped");
    return ok;
  }
  bool active() const {
    const std::lock_guard lock(mutex_);
    return file_ >= 0;
  }
  /// A snapshot, its JSON, and what was decided since the last one. Nothing while it records
  /// nothing.
  void add(std::string_view json, const snapshot_data& s) {
    const std::lock_guard lock(mutex_);
    if (file_ < 0) return;
    const std::string line = decisions_.line(json, s);
    if (bytes_ + line.size() + 1 > most_) return end("full: server_options::record_bytes");
    if (put(line)) ++frames_;
  }
  std::string describe() const {
    const std::lock_guard lock(mutex_);
    return json_writer().open('{').field("recording", file_ >= 0).field("file", path_)
               .field("snapshots", frames_).field("bytes", bytes_).field("ended", ended_)
               .close('}').take() + "\n";
  }

 private:
  bool put(std::string_view line) {
    std::string whole(line);
    whole += '\n';
    for (std::string_view left = whole; !left.empty();) {
      const ssize_t n = ::write(file_, left.data(), left.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        end(std::strerror(errno));
        return false;
      }
      left.remove_prefix(static_cast<std::size_t>(n));
    }
    bytes_ += whole.size();
    return true;
  }
  void end(const char* why) {
    ::close(file_);
    file_ = -1;
    ended_ = why;
  }

  const std::string folder_;
  const std::uint64_t most_;
  mutable std::mutex mutex_;
  int file_ = -1;
  std::uint64_t bytes_ = 0, frames_ = 0;
  std::string path_, ended_;  // of the last recording
  decision_trail decisions_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre
