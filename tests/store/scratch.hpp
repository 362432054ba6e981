// scratch.hpp - a directory for one test, removed with all its files at the end.
#pragma once
#include <cstdlib>
#include <gyre/store/posix_files.hpp>

class scratch {
 public:
  scratch() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/gyre-test-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { clear(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  static void clear(const std::string& dir) {
    gyre::posix_files files;
    const auto names = files.list(dir);
    if (!names) return;
    for (const std::string& name : *names) {
      if (!files.remove(dir + "/" + name)) clear(dir + "/" + name);
    }
    ::rmdir(dir.c_str());
  }
  std::string path_;
};
