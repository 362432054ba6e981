// fake_system.hpp - a directory of the test's own, for files as the system would show them.
// Room: tests. Threads: one owner at a time.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

/// Put its root() before every path; it goes with all its files at the end of the test.
class fake_system {
 public:
  fake_system() {
    std::string name = (std::filesystem::temp_directory_path() / "gyre-system-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) root_ = name;
  }
  ~fake_system() {
    std::error_code ignored;
    if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
  }
  fake_system(const fake_system&) = delete;
  fake_system& operator=(const fake_system&) = delete;

  /// Makes the file say `text`, and the directories that it needs.
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  /// Makes a directory where a file is looked for: it opens, and cannot be read.
  void block(const std::string& path) const {
    remove(path);
    std::filesystem::create_directories(root_ + path);
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root_ + path); }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};
