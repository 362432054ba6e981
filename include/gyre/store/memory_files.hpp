// memory_files.hpp - files that live in this object: for tests, and where there is no file system.
// Room: store. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <gyre/store/file.hpp>
#include <map>

namespace gyre {
inline namespace v1 {

/// Everything is as durable as the object. Open files keep their bytes when removed or replaced, as
/// POSIX has it. Its "random" bytes are counted, the same in every run.
class memory_files final : public file_system {
 public:
  result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override {
    const auto found = files_.find(path);
    if (found == files_.end() && mode != open_mode::fresh) {
      return fail(code::not_found, "open ", path, ": no such file");
    }
    auto bytes = found == files_.end() ? std::make_shared<content>() : found->second;
    if (mode == open_mode::fresh) bytes->clear();
    files_[path] = bytes;
    return std::unique_ptr<file>(new memory_file(std::move(bytes)));
  }
  result<void> rename(const std::string& from, const std::string& to) override {
    const auto found = files_.find(from);
    if (found == files_.end()) return fail(code::not_found, "rename ", from, ": no such file");
    auto bytes = std::move(found->second);
    files_.erase(found);
    files_[to] = std::move(bytes);
    return ok;
  }
  result<void> remove(const std::string& path) override {
    if (files_.erase(path) == 0) return fail(code::not_found, "remove ", path, ": no such file");
    return ok;
  }
  result<void> make_dir(const std::string&) override { return ok; }
  result<void> sync_dir(const std::string&) override { return ok; }
  result<std::vector<std::string>> list(const std::string& path) override {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_) {
      if (name.size() > path.size() + 1 && name[path.size()] == '/' && name.starts_with(path)) {
        names.push_back(name.substr(path.size() + 1));
      }
    }
    return names;
  }
  result<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    auto& held = locks_[path];
    if (!held.expired()) return fail(code::state, path, " is held by this process");
    auto lock = std::make_unique<memory_lock>();
    held = lock->alive;
    return std::unique_ptr<file_lock>(std::move(lock));
  }
  result<void> random(std::span<std::byte> into) override {
    for (std::byte& b : into) {
      counter_ = counter_ * 6364136223846793005ULL + 1442695040888963407ULL;
      b = static_cast<std::byte>(counter_ >> 56);
    }
    return ok;
  }

  /// The bytes of a file, to look at and to damage; null when there is no such file.
  std::vector<std::byte>* bytes(const std::string& path) {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : found->second.get();
  }

 private:
  using content = std::vector<std::byte>;

  class memory_file final : public file {
   public:
    explicit memory_file(std::shared_ptr<content> bytes) : bytes_(std::move(bytes)) {}
    result<std::size_t> read_some(std::uint64_t at, std::span<std::byte> into) override {
      if (at >= bytes_->size()) return std::size_t{0};
      const auto n =
          static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), bytes_->size() - at));
      std::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(at), n, into.begin());
      return n;
    }
    result<std::size_t> write_some(std::uint64_t at, std::span<const std::byte> from) override {
      const auto end = static_cast<std::size_t>(at) + from.size();
      if (end > bytes_->size()) bytes_->resize(end);
      std::copy(from.begin(), from.end(), bytes_->begin() + static_cast<std::ptrdiff_t>(at));
      return from.size();
    }
    result<void> sync() override { return ok; }
    result<void> truncate(std::uint64_t size) override {
      bytes_->resize(static_cast<std::size_t>(size));
      return ok;
    }
    result<std::uint64_t> size() override { return std::uint64_t{bytes_->size()}; }

   private:
    std::shared_ptr<content> bytes_;
  };

  struct memory_lock final : file_lock {
    std::shared_ptr<int> alive = std::make_shared<int>(0);
  };

  std::map<std::string, std::shared_ptr<content>> files_;
  std::map<std::string, std::weak_ptr<int>> locks_;
  std::uint64_t counter_ = 1;
};

}  // namespace v1
}  // namespace gyre
