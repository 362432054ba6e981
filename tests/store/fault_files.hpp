// fault_files.hpp - files in memory that fail on demand and forget what was not synced.
#pragma once
#include <functional>
#include <gyre/core/rng.hpp>
#include <gyre/store/file.hpp>
#include <map>

/// Operations that change something are counted; from `fail_from` on, `fail_count` of them fail. A
/// failed write has written a part. A failed sync loses what it was to write: the next one succeeds
/// and has not written it, as Linux does. power_loss() keeps any subset of unsynced 512-byte
/// sectors and any prefix of the unsynced name changes.
class fault_files final : public gyre::file_system {
 public:
  using bytes = std::vector<std::byte>;
  std::uint64_t operations = 0;
  std::uint64_t fail_from = UINT64_MAX, fail_count = UINT64_MAX;
  std::size_t longest_write = SIZE_MAX;  ///< a write takes at most so many bytes

  void power_loss(gyre::rng& random) {
    auto after = durable_;
    const std::size_t kept = random.below(static_cast<std::uint32_t>(changes_.size()) + 1);
    for (std::size_t i = 0; i < kept; ++i) changes_[i](after);
    for (auto& [name, inode] : after) inode->crash(random);
    live_ = after;
    died();
  }
  /// The process ends, the machine does not: nothing is lost.
  void died() {
    durable_ = live_;
    changes_.clear();
    locked_ = false;
    fail_from = UINT64_MAX;
    for (auto& [name, inode] : live_) {
      inode->synced = inode->data;
      inode->lost = false;
    }
  }

  gyre::result<std::unique_ptr<gyre::file>> open(const std::string& path,
                                                 gyre::open_mode mode) override {
    const auto found = live_.find(path);
    if (mode != gyre::open_mode::fresh) {
      if (found == live_.end()) return gyre::fail(gyre::code::not_found, path);
      return std::unique_ptr<gyre::file>(new handle(*this, found->second));
    }
    GYRE_CHECK(step());
    auto made = std::make_shared<node>();
    change([path, made](names& n) { n[path] = made; });
    return std::unique_ptr<gyre::file>(new handle(*this, made));
  }
  gyre::result<void> rename(const std::string& from, const std::string& to) override {
    GYRE_CHECK(step());
    if (live_.count(from) == 0) return gyre::fail(gyre::code::not_found, from);
    change([from, to](names& n) {
      n[to] = n[from];
      n.erase(from);
    });
    return gyre::ok;
  }
  gyre::result<void> remove(const std::string& path) override {
    GYRE_CHECK(step());
    if (live_.count(path) == 0) return gyre::fail(gyre::code::not_found, path);
    change([path](names& n) { n.erase(path); });
    return gyre::ok;
  }
  gyre::result<void> make_dir(const std::string&) override { return step(); }
  gyre::result<void> sync_dir(const std::string&) override {
    GYRE_CHECK(step());
    durable_ = live_;
    changes_.clear();
    return gyre::ok;
  }
  gyre::result<std::vector<std::string>> list(const std::string& path) override {
    std::vector<std::string> found;
    for (const auto& [name, inode] : live_) found.push_back(name.substr(path.size() + 1));
    return found;
  }
  gyre::result<std::unique_ptr<gyre::file_lock>> lock(const std::string& path) override {
    if (locked_) return gyre::fail(gyre::code::state, path + " is held by this process");
    locked_ = true;
    struct unlock : gyre::file_lock {
      explicit unlock(bool& flag) : flag_(flag) {}
      ~unlock() override { flag_ = false; }
      bool& flag_;
    };
    return std::unique_ptr<gyre::file_lock>(new unlock(locked_));
  }
  gyre::result<void> random(std::span<std::byte> into) override {
    for (std::byte& b : into) b = std::byte{++salt_};
    return gyre::ok;
  }

 private:
  struct node {
    bytes data, synced;
    bool lost = false;  // a sync failed: what it was to write never gets to the disk
    void crash(gyre::rng& random) {
      const std::size_t larger = std::max(data.size(), synced.size());
      const std::size_t size = random.below(2) == 0 ? data.size() : synced.size();
      bytes after(larger);
      for (std::size_t at = 0; at < larger; at += 512) {
        const bytes& from = random.below(2) == 0 ? data : synced;
        for (std::size_t i = at; i < std::min(at + 512, from.size()); ++i) after[i] = from[i];
      }
      after.resize(size);
      data = after;
    }
  };
  using names = std::map<std::string, std::shared_ptr<node>>;

  class handle final : public gyre::file {
   public:
    handle(fault_files& all, std::shared_ptr<node> inode) : all_(all), inode_(std::move(inode)) {}
    gyre::result<std::size_t> read_some(std::uint64_t at, std::span<std::byte> into) override {
      const bytes& data = inode_->data;
      if (at >= data.size()) return std::size_t{0};
      const std::size_t n =
          std::min<std::size_t>({into.size(), data.size() - at, all_.longest_write});
      for (std::size_t i = 0; i < n; ++i) into[i] = data[at + i];
      return n;
    }
    gyre::result<std::size_t> write_some(std::uint64_t at,
                                         std::span<const std::byte> from) override {
      const auto good = all_.step();
      const std::size_t n = std::min(good ? from.size() : from.size() / 2, all_.longest_write);
      bytes& data = inode_->data;
      if (data.size() < at + n) data.resize(at + n);
      for (std::size_t i = 0; i < n; ++i) data[at + i] = from[i];
      if (!good) return good.error();
      return n;
    }
    gyre::result<void> sync() override {
      if (const auto good = all_.step(); !good) {
        inode_->lost = true;
        return good;
      }
      if (!inode_->lost) inode_->synced = inode_->data;
      return gyre::ok;
    }
    gyre::result<void> truncate(std::uint64_t size) override {
      GYRE_CHECK(all_.step());
      inode_->data.resize(size);
      return gyre::ok;
    }
    gyre::result<std::uint64_t> size() override { return std::uint64_t{inode_->data.size()}; }

   private:
    fault_files& all_;
    std::shared_ptr<node> inode_;
  };

  gyre::result<void> step() {
    const std::uint64_t now = operations++;
    if (now >= fail_from && now - fail_from < fail_count) {
      return gyre::fail(gyre::code::io, "operation " + std::to_string(now) + " was made to fail");
    }
    return gyre::ok;
  }
  template <class F>
  void change(F apply) {
    apply(live_);
    changes_.push_back(apply);
  }

  names live_, durable_;
  std::vector<std::function<void(names&)>> changes_;  // since the last sync_dir
  bool locked_ = false;
  std::uint8_t salt_ = 0;
};
